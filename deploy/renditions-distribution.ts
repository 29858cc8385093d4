import { Duration, type Stack } from 'aws-cdk-lib'
import { Certificate } from 'aws-cdk-lib/aws-certificatemanager'
import {
  AllowedMethods,
  CacheCookieBehavior,
  CacheHeaderBehavior,
  CachePolicy,
  CacheQueryStringBehavior,
  type CfnDistribution,
  Distribution,
  Function as EdgeFunction,
  FunctionCode,
  FunctionEventType,
  FunctionRuntime,
  HttpVersion,
  type IPublicKey,
  KeyGroup,
  ResponseHeadersPolicy,
  S3OriginAccessControl,
  SecurityPolicyProtocol,
  Signing,
  ViewerProtocolPolicy,
} from 'aws-cdk-lib/aws-cloudfront'
import { S3BucketOrigin } from 'aws-cdk-lib/aws-cloudfront-origins'
import { PolicyStatement, ServicePrincipal } from 'aws-cdk-lib/aws-iam'
import type { Bucket } from 'aws-cdk-lib/aws-s3'
import { CACHE_TAG_HEADER } from '../src/photo/cache-tag.ts'
import { RENDITIONS_PREFIXES } from '../src/photo/object-keys.ts'
import { regionalName } from './regional-name.ts'

/** The certificate must be one of us-east-1, as CloudFront demands. */
export type Domain = { name: string; certificateArn: string }

export type DistributionParts = {
  bucket: Bucket
  logs: Bucket
  signers: IPublicKey[]
  domain: Domain | undefined
}

const RENDITIONS = RENDITIONS_PREFIXES.map((prefix) => `${prefix}*`)
const YEAR = Duration.days(365)

/**
 * Delivers `public/*`, `private/*` and `renditions/*` to those whose URL was signed with one of the keys, and nothing else to anybody. It reads the
 * photo's tag of each rendition, by which all copies of a deleted photo are forgotten.
 */
export function renditionsDistribution(
  stack: Stack,
  { bucket, logs, signers, domain }: DistributionParts,
): Distribution {
  const { originAccessControlId } = new S3OriginAccessControl(stack, 'OriginAccess', {
    originAccessControlName: regionalName(stack, 'bucket'),
    signing: Signing.SIGV4_ALWAYS,
  })
  const behavior = {
    origin: S3BucketOrigin.withBucketDefaults(bucket, { originAccessControlId }),
    allowedMethods: AllowedMethods.ALLOW_GET_HEAD,
    viewerProtocolPolicy: ViewerProtocolPolicy.HTTPS_ONLY,
    trustedKeyGroups: [
      new KeyGroup(stack, 'Signers', { keyGroupName: regionalName(stack, 'signers'), items: signers }),
    ],
    cachePolicy: cachePolicy(stack),
    responseHeadersPolicy: responseHeaders(stack),
    // Pictures are compressed already.
    compress: false,
  }
  const distribution = new Distribution(stack, 'Edge', {
    comment: 'Darkroom renditions',
    httpVersion: HttpVersion.HTTP2_AND_3,
    logBucket: logs,
    additionalBehaviors: Object.fromEntries(RENDITIONS.map((path) => [path, behavior])),
    // A distribution has to do something with every other path: it ends at the edge, signed or not.
    defaultBehavior: {
      ...behavior,
      functionAssociations: [{ function: nothingHere(stack), eventType: FunctionEventType.VIEWER_REQUEST }],
    },
    ...(domain && {
      domainNames: [domain.name],
      certificate: Certificate.fromCertificateArn(stack, 'Certificate', domain.certificateArn),
      minimumProtocolVersion: SecurityPolicyProtocol.TLS_V1_2_2021,
    }),
  })
  const resource = distribution.node.defaultChild as CfnDistribution
  resource.addPropertyOverride('DistributionConfig.CacheTagConfig.HeaderName', CACHE_TAG_HEADER)
  bucket.addToResourcePolicy(readRenditions(bucket, distribution))
  return distribution
}

/** This distribution alone, and renditions alone: originals stay closed whatever a behaviour says. */
function readRenditions(bucket: Bucket, distribution: Distribution): PolicyStatement {
  return new PolicyStatement({
    principals: [new ServicePrincipal('cloudfront.amazonaws.com')],
    actions: ['s3:GetObject'],
    resources: RENDITIONS.map((path) => bucket.arnForObjects(path)),
    conditions: { StringEquals: { 'AWS:SourceArn': distribution.distributionArn } },
  })
}

/**
 * One copy for all viewers: signatures, cookies and headers are no part of the cache key. A year, as the objects
 * say; the least is 0, so that an object that says less is believed.
 */
function cachePolicy(stack: Stack): CachePolicy {
  return new CachePolicy(stack, 'ByPath', {
    cachePolicyName: regionalName(stack, 'by-path'),
    comment: 'Darkroom: by path alone, for a year',
    queryStringBehavior: CacheQueryStringBehavior.none(),
    cookieBehavior: CacheCookieBehavior.none(),
    headerBehavior: CacheHeaderBehavior.none(),
    minTtl: Duration.seconds(0),
    defaultTtl: YEAR,
    maxTtl: YEAR,
  })
}

/** As the local edge has them, and HTTPS from then on. No Cache-Control: it would make errors last as long as pictures. */
function responseHeaders(stack: Stack): ResponseHeadersPolicy {
  return new ResponseHeadersPolicy(stack, 'Headers', {
    responseHeadersPolicyName: regionalName(stack, 'headers'),
    comment: 'Darkroom renditions',
    // Lets web apps read the pixels; who may have them is in the URL.
    corsBehavior: {
      accessControlAllowOrigins: ['*'],
      accessControlAllowMethods: ['GET', 'HEAD'],
      accessControlAllowHeaders: ['*'],
      accessControlAllowCredentials: false,
      originOverride: true,
    },
    securityHeadersBehavior: {
      contentTypeOptions: { override: true },
      strictTransportSecurity: { accessControlMaxAge: YEAR, override: true },
    },
    removeHeaders: ['x-amz-server-side-encryption', 'x-amz-meta-sha256', CACHE_TAG_HEADER],
  })
}

function nothingHere(stack: Stack): EdgeFunction {
  return new EdgeFunction(stack, 'NothingHere', {
    functionName: regionalName(stack, 'nothing-here'),
    runtime: FunctionRuntime.JS_2_0,
    code: FunctionCode.fromInline(
      "function handler() { return { statusCode: 404, statusDescription: 'Not Found' } }",
    ),
  })
}
