import { createHash } from 'node:crypto'
import {
  CloudFrontClient,
  type CloudFrontClientConfig,
  CloudFrontServiceException,
  CreateInvalidationCommand,
  GetDistributionConfigCommand,
} from '@aws-sdk/client-cloudfront'
import { CdnBusyError, EngineUnavailableError, SetupError } from '../errors.ts'
import { CACHE_TAG_HEADER } from '../photo/cache-tag.ts'

/** CloudFront's API is in this region, wherever the edges and buckets are. */
const REGION = 'us-east-1'

/** The SDK has no timeouts of its own. */
const TIMEOUTS = { connectionTimeout: 3_000, requestTimeout: 10_000, throwOnRequestTimeout: true }

const BUSY = /^(TooManyInvalidationsInProgress|Throttling|ThrottlingException|TooManyRequestsException)$/

/** Node's codes and the SDK's names for an API that does not answer. */
const UNAVAILABLE = /^(ECONN|ENOTFOUND|EAI_|ETIMEDOUT|EPIPE|EHOSTUNREACH|TimeoutError)/

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
   * it on, some seconds before it is done. The same items are the same invalidation however often they are sent, so
   * repeating after a lost reply is harmless. Throws CdnBusyError, EngineUnavailableError, or SetupError when it is not
   * allowed.
   */
  async invalidate(items: readonly string[]): Promise<void> {
    const command = new CreateInvalidationCommand({
      DistributionId: this.#distributionId,
      InvalidationBatch: {
        CallerReference: createHash('sha256').update(items.join('\n')).digest('hex'),
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
      if (error instanceof Error && error.name === 'AccessDenied') return false
      throw this.#translated(error)
    }
  }

  [Symbol.dispose](): void {
    this.#client.destroy()
  }

  #translated(error: unknown): unknown {
    if (!(error instanceof Error)) return error
    const { name } = error
    const status = error instanceof CloudFrontServiceException ? (error.$metadata.httpStatusCode ?? 0) : 0
    if (BUSY.test(name) || status === 429) return new CdnBusyError({ cause: error })
    if (status >= 500 || UNAVAILABLE.test('code' in error ? String(error.code) : name)) {
      return new EngineUnavailableError('The CDN does not answer.', { cause: error })
    }
    switch (name) {
      case 'AccessDenied':
        return new SetupError(
          `CloudFront refuses invalidations of ${this.#distributionId}: allow this role cloudfront:CreateInvalidation.`,
          { cause: error },
        )
      case 'NoSuchDistribution':
        return new SetupError(
          `CloudFront knows no distribution ${this.#distributionId}: correct CDN_DISTRIBUTION_ID.`,
          { cause: error },
        )
      default:
        return error
    }
  }
}
