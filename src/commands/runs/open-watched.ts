import type { Config } from '../../config/config.ts'
import type { JobQueue } from '../../queue/job-queue.ts'
import type { Prices } from '../../reprocess/prices.ts'

/** What a command watches a run by besides the run. Throws SetupError. */
export async function openWatched(
  config: Config,
): Promise<AsyncDisposable & { queue: JobQueue; prices: Prices }> {
  const { createLog } = await import('../../log.ts')
  const { openJobQueue } = await import('../../services.ts')
  const { readPrices } = await import('../../reprocess/prices.ts')
  const prices = await readPrices(config.pricesFile)
  const queue = await openJobQueue(config, createLog('runs', 'error'))
  return { queue, prices, [Symbol.asyncDispose]: async () => await queue[Symbol.asyncDispose]() }
}
