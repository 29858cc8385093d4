import { Duration, RemovalPolicy, type Stack } from 'aws-cdk-lib'
import {
  BlockPublicAccess,
  Bucket,
  BucketEncryption,
  type LifecycleRule,
  ObjectOwnership,
  StorageClass,
} from 'aws-cdk-lib/aws-s3'
import { ORIGINALS_PREFIX } from '../src/photo/object-keys.ts'

const LIFECYCLE: readonly LifecycleRule[] = [
  // Uploads that a crash cut off. The sweep gives up on them after a day as well.
  { id: 'abandoned-uploads', abortIncompleteMultipartUploadAfter: Duration.days(1) },
  // Originals are read again only when photos are reprocessed, and then all of them: this class has no fee for it.
  {
    id: 'quiet-originals',
    prefix: ORIGINALS_PREFIX,
    transitions: [{ storageClass: StorageClass.INTELLIGENT_TIERING, transitionAfter: Duration.days(30) }],
  },
]

/** Private in every way S3 knows, and kept when the stack goes. Without versions: a deleted photo must be gone. */
export function photoBucket(stack: Stack): Bucket {
  return new Bucket(stack, 'Photos', {
    blockPublicAccess: BlockPublicAccess.BLOCK_ALL,
    objectOwnership: ObjectOwnership.BUCKET_OWNER_ENFORCED,
    encryption: BucketEncryption.S3_MANAGED,
    enforceSSL: true,
    lifecycleRules: [...LIFECYCLE],
    removalPolicy: RemovalPolicy.RETAIN,
  })
}
