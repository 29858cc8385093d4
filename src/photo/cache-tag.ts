import type { PhotoId } from './photo-id.ts'

/**
 * The name under which CloudFront can forget all renditions of a photo at once. It reads it from the object's metadata
 * `cache-tag` when it fetches a rendition.
 * https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/invalidation-by-tags.html
 */
export function cacheTagOf(id: PhotoId): string {
  return `photo-${id}`
}

/** The header in which S3 sends that metadata: what a distribution has to be told. */
export const CACHE_TAG_HEADER = 'x-amz-meta-cache-tag'
