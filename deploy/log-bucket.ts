import { Duration, RemovalPolicy, type Stack } from 'aws-cdk-lib'
import { BlockPublicAccess, Bucket, BucketEncryption, ObjectOwnership } from 'aws-cdk-lib/aws-s3'

const KEPT = Duration.days(90)

/**
 * Where CloudFront writes who asked for what. It holds whole URLs: whoever reads it within their life can open them, so it
 * is as private as the photos.
 *
 * @NOTE CloudFront delivers these logs by ACL, which new buckets refuse unless their ownership says otherwise.
 */
export function logBucket(stack: Stack): Bucket {
  return new Bucket(stack, 'Logs', {
    blockPublicAccess: BlockPublicAccess.BLOCK_ALL,
    objectOwnership: ObjectOwnership.BUCKET_OWNER_PREFERRED,
    encryption: BucketEncryption.S3_MANAGED,
    enforceSSL: true,
    lifecycleRules: [
      { id: 'old-logs', expiration: KEPT, abortIncompleteMultipartUploadAfter: Duration.days(1) },
    ],
    removalPolicy: RemovalPolicy.RETAIN,
  })
}
