import { once } from 'node:events'
import { loadConfig } from '../src/config/config.ts'
import { createLog } from '../src/log.ts'
import type { Claim } from '../src/queue/job-queue.ts'
import { openServices } from '../src/services.ts'
import { lastTask, reportLeave, reportReady, reportTask, stopSignal } from '../src/supervisor/child.ts'
import { tellFailure } from '../src/tell-failure.ts'
import { makeAvif } from './avif.ts'
import { filterPhoto } from './filter.ts'
import { giveUp } from './give-up.ts'
import { purgePhoto } from './purge.ts'
import { resizePhoto } from './resize.ts'

const stop = stopSignal()
/** Aborted when this process is to be replaced. */
const leaving = new AbortController()

try {
  const config = loadConfig(process.env)
  const log = createLog('worker', config.logLevel)

  await using services = await openServices(config, log, { connections: 2 })
  const engines = { ...services, maxPixels: config.maxPixels }

  await using _work = services.queue.work({
    handlers: {
      resize: resizePhoto(engines),
      filter: filterPhoto(engines),
      purge: purgePhoto(engines),
      avif: makeAvif(engines),
    },
    onFailed: giveUp(services.catalog),
    onClaim: (claim) => {
      reportTask(claim)
      if (claim === null) leaveIfSwollen(config.workerMemoryBytes)
    },
    orphan: lastTask(process.env) as Claim | null,
  })
  reportReady(null)

  const ending = AbortSignal.any([stop, leaving.signal])
  if (!ending.aborted) await once(ending, 'abort')
  if (stop.aborted) log.info('stopping: the job that runs is finished')
} catch (error) {
  tellFailure(error)
}

/**
 * What a very large or hostile picture made the process hold, allocators may never give back. Between two jobs a process
 * can be replaced at no cost but its start.
 */
function leaveIfSwollen(maxBytes: number): void {
  const bytes = process.memoryUsage.rss()
  if (bytes <= maxBytes || leaving.signal.aborted) return
  reportLeave(`it holds ${Math.round(bytes / 1e6)} MB of memory after a job`)
  leaving.abort()
}
