import type { CdnConfig } from '../config/config.ts'
import { SetupError } from '../errors.ts'
import { CACHE_TAG_HEADER } from '../photo/cache-tag.ts'
import { BY_PATH, BY_TAG } from './copy-naming.ts'
import { probeEdge } from './edge-probe.ts'
import type { SigningKey } from './signing-key.ts'

/** How deleted photos are taken down from the CDN, in a line for operators. Throws when its API refuses us or does not answer. */
export async function examineCdn(cdn: CdnConfig): Promise<string> {
  if (cdn.kind === 'local') return 'the local edge, which keeps no copies'
  const { CloudFront } = await import('./cloudfront.ts')
  using cloudFront = new CloudFront(cdn.distributionId)
  if (await cloudFront.readsCacheTags())
    return `${cdn.distributionId} forgets ${BY_TAG.most} deleted photos at once, by cache tag`
  return `${cdn.distributionId} forgets ${BY_PATH.most} deleted photos at once, by path. For ${BY_TAG.most}, by cache tag, let it read them from ${CACHE_TAG_HEADER}, and this role cloudfront:GetDistributionConfig.`
}

/** Whether the edge takes what is signed here and refuses what nobody signed, in a line for operators. Throws when it does not. */
export async function examineSigning(cdn: CdnConfig, key: SigningKey): Promise<string> {
  if (cdn.kind === 'local') return `key pair ${key.keyPairId}`
  switch (await probeEdge(cdn.origin, key)) {
    case 'taken':
      return `${cdn.origin} takes what ${key.keyPairId} signs`
    case 'unknown':
      throw new SetupError(
        `${cdn.origin} does not know ${key.keyPairId}, so it refuses every URL: correct CDN_KEY_PAIR_ID, or put its public key into the key group.`,
      )
    case 'other':
      throw new SetupError(
        `${cdn.origin} refuses what ${key.keyPairId} signs: let CDN_PRIVATE_KEY_FILE be its private key, and set this machine's clock.`,
      )
  }
}
