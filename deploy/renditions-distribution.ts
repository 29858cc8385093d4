import { CfnParameter, Duration, type Stack } from 'aws-cdk-lib'
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
  type IOrigin,
  type IPublicKey,
  KeyGroup,
  OriginProtocolPolicy,
  ResponseHeadersPolicy,
  S3OriginAccessControl,
  SecurityPolicyProtocol,
  Signing,
  ViewerProtocolPolicy,
} from 'aws-cdk-lib/aws-cloudfront'
import { HttpOrigin, OriginGroup, S3BucketOrigin } from 'aws-cdk-lib/aws-cloudfront-origins'
import { PolicyStatement, ServicePrincipal } from 'aws-cdk-lib/aws-iam'
import type { Bucket } from 'aws-cdk-lib/aws-s3'
import { ORIGIN_HEADER } from '../src/delivery/origin-header.ts'
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
  /** Of the API, which is asked for what the bucket does not have: renditions of adopted photos. None: nobody is asked. */
  apiUrl: string | undefined
}

const RENDITIONS = RENDITIONS_PREFIXES.map((prefix) => `${prefix}*`)
const YEAR = Duration.days(365)

/**
 * Delivers `public/*`, `private/*` and `renditions/*` to those whose URL was signed with one of the keys, and nothing else to anybody. It reads the
 * photo's tag of each rendition, by which all copies of a deleted photo are forgotten.
 */
export function renditionsDistribution(
  stack: Stack,
  { bucket, logs, signers, domain, apiUrl }: DistributionParts,
): Distribution {
  const { originAccessControlId } = new S3OriginAccessControl(stack, 'OriginAccess', {
    originAccessControlName: regionalName(stack, 'bucket'),
    signing: Signing.SIGV4_ALWAYS,
  })
  const bucketOrigin = S3BucketOrigin.withBucketDefaults(bucket, { originAccessControlId })
  const behavior = {
    origin: apiUrl === undefined ? bucketOrigin : withApi(stack, bucketOrigin, apiUrl),
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

/**
 * The bucket, and behind it the API, which makes what was promised and is not there yet. S3 says 403 of what is missing to who may not
 * list the bucket. CloudFront has checked the viewer's signature, and keeps it to itself; the API knows it by the secret.
 */
function withApi(stack: Stack, primaryOrigin: IOrigin, apiUrl: string): OriginGroup {
  const { protocol, hostname, pathname } = new URL(apiUrl)
  if (protocol !== 'https:')
    throw new Error(`apiUrl must begin with https://, as what it is sent is secret: ${apiUrl}`)
  const secret = new CfnParameter(stack, 'OriginSecret', {
    description: 'CDN_ORIGIN_SECRET of the API: 32 random characters or more',
    noEcho: true,
    minLength: 32,
  })
  const fallbackOrigin = new HttpOrigin(hostname, {
    protocolPolicy: OriginProtocolPolicy.HTTPS_ONLY,
    customHeaders: { [ORIGIN_HEADER]: secret.valueAsString },
    readTimeout: Duration.seconds(30),
    ...(pathname !== '/' && { originPath: pathname.replace(/\/$/, '') }),
  })
  return new OriginGroup({ primaryOrigin, fallbackOrigin, fallbackStatusCodes: [403, 404] })
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
