import { once } from 'node:events'
import { loadConfig } from '../src/config.ts'
import { createLog } from '../src/log.ts'
import type { Claim } from '../src/queue/job-queue.ts'
import { openServices } from '../src/services.ts'
import { lastTask, reportReady, reportTask, stopSignal } from '../src/supervisor/child.ts'
import { tellFailure } from '../src/tell-failure.ts'
import { makeAvif } from './avif.ts'
import { filterPhoto } from './filter.ts'
import { giveUp } from './give-up.ts'
import { purgePhoto } from './purge.ts'
import { resizePhoto } from './resize.ts'

const stop = stopSignal()

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
    onClaim: reportTask,
    orphan: lastTask(process.env) as Claim | null,
  })
  reportReady(null)

  if (!stop.aborted) await once(stop, 'abort')
  log.info('stopping: the job that runs is finished')
} catch (error) {
  tellFailure(error)
}
