import type { CdnConfig } from '../config/config.ts'
import { CACHE_TAG_HEADER } from '../photo/cache-tag.ts'
import { BY_PATH, BY_TAG } from './copy-naming.ts'

/** How deleted photos are taken down from the CDN, in a line for operators. Throws when its API refuses us or does not answer. */
export async function examineCdn(cdn: CdnConfig): Promise<string> {
  if (cdn.kind === 'local') return 'the local edge, which keeps no copies'
  const { CloudFront } = await import('./cloudfront.ts')
  using cloudFront = new CloudFront(cdn.distributionId)
  if (await cloudFront.readsCacheTags())
    return `${cdn.distributionId} forgets ${BY_TAG.most} deleted photos at once, by cache tag`
  return `${cdn.distributionId} forgets ${BY_PATH.most} deleted photos at once, by path. For ${BY_TAG.most}, by cache tag, let it read them from ${CACHE_TAG_HEADER}, and this role cloudfront:GetDistributionConfig.`
}
