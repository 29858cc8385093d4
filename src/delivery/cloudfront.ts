import { createHash } from 'node:crypto'
import {
  CloudFrontClient,
  type CloudFrontClientConfig,
  CreateInvalidationCommand,
  GetDistributionConfigCommand,
} from '@aws-sdk/client-cloudfront'
import { isTransient, nameOf, statusOf } from '../aws-errors.ts'
import { CdnBusyError, EngineUnavailableError, SetupError } from '../errors.ts'
import { CACHE_TAG_HEADER } from '../photo/cache-tag.ts'

/** CloudFront's API is in this region, wherever the edges and buckets are. */
const REGION = 'us-east-1'

/** The SDK has no timeouts of its own. */
const TIMEOUTS = { connectionTimeout: 3_000, requestTimeout: 10_000, throwOnRequestTimeout: true }

const BUSY = /^(TooManyInvalidationsInProgress|Throttling|ThrottlingException|TooManyRequestsException)$/

/** One distribution's API. Credentials are found as every AWS SDK finds them. */
export class CloudFront implements Disposable {
  readonly #client: CloudFrontClient
  readonly #distributionId: string

  constructor(distributionId: string, client: CloudFrontClientConfig = {}) {
    this.#client = new CloudFrontClient({ region: REGION, requestHandler: TIMEOUTS, ...client })
    this.#distributionId = distributionId
  }

  /**
   * Makes the edge forget what the items name: paths, or tags with a `#` before them. Resolves when CloudFront has taken
   * it on, some seconds before it is done. The same items for the same reasons are the same invalidation however often
   * they are sent, so repeating after a lost reply is harmless. Throws CdnBusyError, EngineUnavailableError, or SetupError when it is not
   * allowed.
   */
  async invalidate(items: readonly string[], reasons: readonly string[]): Promise<void> {
    const command = new CreateInvalidationCommand({
      DistributionId: this.#distributionId,
      InvalidationBatch: {
        CallerReference: createHash('sha256')
          .update([...items, ...reasons].join('\n'))
          .digest('hex'),
        Paths: { Quantity: items.length, Items: [...items] },
      },
    })
    try {
      await this.#client.send(command)
    } catch (error) {
      throw this.#translated(error)
    }
  }

  /**
   * Whether copies can be forgotten by the tag of their photo. False as well when we may not look. Throws as `invalidate`
   * does.
   */
  async readsCacheTags(): Promise<boolean> {
    try {
      const { DistributionConfig } = await this.#client.send(
        new GetDistributionConfigCommand({ Id: this.#distributionId }),
      )
      return DistributionConfig?.CacheTagConfig?.HeaderName?.toLowerCase() === CACHE_TAG_HEADER
    } catch (error) {
      if (nameOf(error) === 'AccessDenied') return false
      throw this.#translated(error)
    }
  }

  [Symbol.dispose](): void {
    this.#client.destroy()
  }

  #translated(error: unknown): unknown {
    if (BUSY.test(nameOf(error)) || statusOf(error) === 429) return new CdnBusyError({ cause: error })
    if (isTransient(error)) return new EngineUnavailableError('The CDN does not answer.', { cause: error })
    switch (nameOf(error)) {
      case 'AccessDenied':
        return new SetupError(
          `CloudFront refuses invalidations of ${this.#distributionId}: allow this role cloudfront:CreateInvalidation.`,
          { cause: error },
        )
      case 'NoSuchDistribution':
        return new SetupError(
          `CloudFront has no distribution ${this.#distributionId}: correct CDN_DISTRIBUTION_ID.`,
          { cause: error },
        )
      default:
        return error
    }
  }
}
