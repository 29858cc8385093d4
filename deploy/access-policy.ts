import type { Stack } from 'aws-cdk-lib'
import type { Distribution } from 'aws-cdk-lib/aws-cloudfront'
import { ManagedPolicy, PolicyStatement } from 'aws-cdk-lib/aws-iam'
import type { Bucket } from 'aws-cdk-lib/aws-s3'

/** All that Darkroom's processes may do here: attach it to the role they run as. */
export function accessPolicy(stack: Stack, bucket: Bucket, distribution: Distribution): ManagedPolicy {
  return new ManagedPolicy(stack, 'Access', {
    description: "Darkroom's API and workers",
    statements: [
      new PolicyStatement({
        actions: ['s3:GetObject', 's3:PutObject', 's3:DeleteObject'],
        resources: [bucket.arnForObjects('*')],
      }),
      // Without it S3 answers 403 instead of 404 for what is not there.
      new PolicyStatement({
        actions: ['s3:ListBucket'],
        resources: [bucket.bucketArn],
      }),
      // What the doctor looks at; this stack sets it.
      new PolicyStatement({
        actions: ['s3:GetBucketCORS', 's3:GetBucketPublicAccessBlock', 's3:GetLifecycleConfiguration'],
        resources: [bucket.bucketArn],
      }),
      new PolicyStatement({
        actions: ['cloudfront:CreateInvalidation', 'cloudfront:GetDistributionConfig'],
        resources: [distribution.distributionArn],
      }),
    ],
  })
}
