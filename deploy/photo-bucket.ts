import { Duration, RemovalPolicy, type Stack } from 'aws-cdk-lib'
import {
  BlockPublicAccess,
  Bucket,
  BucketEncryption,
  HttpMethods,
  type LifecycleRule,
  ObjectOwnership,
  StorageClass,
} from 'aws-cdk-lib/aws-s3'
import { INCOMING_PREFIX, ORIGINALS_PREFIX } from '../src/photo/object-keys.ts'

const LIFECYCLE: readonly LifecycleRule[] = [
  // Uploads that a crash cut off. The sweep gives up on them after a day as well.
  { id: 'abandoned-uploads', abortIncompleteMultipartUploadAfter: Duration.days(1) },
  // What clients put there and never completed. The servers delete it a day earlier, while there are any.
  { id: 'never-completed', prefix: INCOMING_PREFIX, expiration: Duration.days(2) },
  // Originals are read again only when photos are reprocessed, and then all of them: this class has no fee for it.
  {
    id: 'quiet-originals',
    prefix: ORIGINALS_PREFIX,
    transitions: [{ storageClass: StorageClass.INTELLIGENT_TIERING, transitionAfter: Duration.days(30) }],
  },
]

/**
 * Private in every way S3 knows, and kept when the stack goes. Without versions: a deleted photo must be gone. Pages of these
 * origins may put photos there that they were given an URL for.
 */
export function photoBucket(stack: Stack, corsOrigins: readonly string[]): Bucket {
  return new Bucket(stack, 'Photos', {
    blockPublicAccess: BlockPublicAccess.BLOCK_ALL,
    objectOwnership: ObjectOwnership.BUCKET_OWNER_ENFORCED,
    encryption: BucketEncryption.S3_MANAGED,
    enforceSSL: true,
    lifecycleRules: [...LIFECYCLE],
    cors:
      corsOrigins.length > 0
        ? [
            {
              allowedOrigins: [...corsOrigins],
              allowedMethods: [HttpMethods.PUT],
              allowedHeaders: ['*'],
              maxAge: 7200,
            },
          ]
        : [],
    removalPolicy: RemovalPolicy.RETAIN,
  })
}
