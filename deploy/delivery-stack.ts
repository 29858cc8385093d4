import { createHash } from 'node:crypto'
import { CfnOutput, Stack, type StackProps } from 'aws-cdk-lib'
import { type CfnPublicKey, PublicKey } from 'aws-cdk-lib/aws-cloudfront'
import type { Construct } from 'constructs'
import { accessPolicy } from './access-policy.ts'
import { logBucket } from './log-bucket.ts'
import { photoBucket } from './photo-bucket.ts'
import type { NamedPublicKey } from './public-keys.ts'
import { regionalName } from './regional-name.ts'
import { type Domain, renditionsDistribution } from './renditions-distribution.ts'

export type DeliveryStackProps = StackProps & {
  /** Whose signatures count: one key, and during a rotation the old and the new one. */
  publicKeys: readonly NamedPublicKey[]
  /** A name of one's own for the distribution. */
  domain?: Domain
  /** Where CloudFront reaches the API, for renditions of adopted photos that are not made yet. */
  apiUrl?: string
  /** Whose pages may put photos straight into the bucket. */
  corsOrigins?: readonly string[]
}

/**
 * Where Darkroom's bytes lie and what hands them out: a private bucket, and a distribution whose open paths are
 * `public/*`, `private/*` and `renditions/*`, for URLs that one of the public keys vouches for. Its outputs are Darkroom's configuration.
 */
export class DeliveryStack extends Stack {
  constructor(
    scope: Construct,
    id: string,
    { publicKeys, domain, apiUrl, corsOrigins = [], ...props }: DeliveryStackProps,
  ) {
    super(scope, id, props)
    const bucket = photoBucket(this, corsOrigins)
    const signers = publicKeys.map((key) => ({ name: key.name, key: signer(this, key) }))
    const distribution = renditionsDistribution(this, {
      bucket,
      logs: logBucket(this),
      signers: signers.map(({ key }) => key),
      domain,
      apiUrl,
    })
    const access = accessPolicy(this, bucket, distribution)

    const output = (name: string, value: string) => new CfnOutput(this, name, { value })
    output('StorageUrl', `s3://${bucket.bucketName}?region=${this.region}`)
    output('CdnUrl', `https://${domain?.name ?? distribution.distributionDomainName}`)
    output('CdnDistributionId', distribution.distributionId)
    for (const { name, key } of signers) output(`CdnKeyPairId-${name}`, key.publicKeyId)
    output('AccessPolicyArn', access.managedPolicyArn)
  }
}

/** CloudFront's keys can't be changed, so another key under the same name has to be another resource. */
function signer(stack: Stack, { name, pem }: NamedPublicKey): PublicKey {
  const digest = createHash('sha256').update(pem).digest('hex').slice(0, 8)
  const key = new PublicKey(stack, `Signer-${name}-${digest}`, {
    publicKeyName: regionalName(stack, `${name}-${digest}`),
    encodedKey: pem,
    comment: `Darkroom: ${name}`,
  })
  // CloudFront takes one key for each reference, and the CDK's is the same in every region.
  const resource = key.node.defaultChild as CfnPublicKey
  resource.addPropertyOverride('PublicKeyConfig.CallerReference', `${key.node.addr}-${stack.region}`)
  return key
}
