import { parseArgs } from 'node:util'
import { loadConfig } from '../src/config/config.ts'
import { createLog } from '../src/log.ts'
import { releaseMemory } from '../src/process/release-memory.ts'
import { aborted, stopSignal } from '../src/process/stop-signal.ts'
import { tellFailure } from '../src/process/tell-failure.ts'
import type { Lane } from '../src/queue/job.ts'
import type { Claim } from '../src/queue/job-queue.ts'
import { openServices } from '../src/services.ts'
import { endWithSupervisor, lastTask, reportReady, reportTask } from '../src/supervisor/child.ts'
import { fanOut } from './jobs/fan-out.ts'
import { filterPhoto } from './jobs/filter.ts'
import { finishPhoto } from './jobs/finish.ts'
import { giveUp } from './jobs/give-up.ts'
import { purgePhoto } from './jobs/purge.ts'
import { remakePhoto } from './jobs/remake.ts'
import { resizePhoto } from './jobs/resize.ts'
import { samplePhoto } from './jobs/sample.ts'
import { Leaving } from './leaving.ts'
import { watchDemand } from './watch-demand.ts'

const { values: options } = parseArgs({
  options: {
    lane: { type: 'string', default: 'live' },
    /** Ends when it has had nothing to do for so long. */
    'idle-seconds': { type: 'string' },
    /** Stays when it has nothing to do, and tells the supervisor how much there is for others. */
    stays: { type: 'boolean', default: false },
  },
})
const stop = stopSignal()
endWithSupervisor()

try {
  const config = loadConfig(process.env)
  const log = createLog('worker', config.logLevel)

  await using services = await openServices(config, log, { connections: 2 })
  const engines = { ...services, maxPixels: config.maxPixels }
  await using watch = options.stays ? watchDemand(services.queue) : null
  const leaving = new Leaving({
    maxBytes: config.workerMemoryBytes,
    idleMs: options['idle-seconds'] ? Number(options['idle-seconds']) * 1000 : null,
  })

  await using _work = services.queue.work({
    lane: options.lane as Lane,
    handlers: {
      resize: resizePhoto(engines),
      import: resizePhoto(engines),
      filter: filterPhoto(engines),
      purge: purgePhoto(engines),
      finish: finishPhoto(engines),
      remake: remakePhoto(engines),
      sample: samplePhoto(engines),
      fanout: fanOut(engines, log),
    },
    onFailed: giveUp(services.catalog),
    onClaim: (claim) => {
      reportTask(claim)
      watch?.claimed(claim !== null)
      if (claim === null) leaving.jobEnded()
      else leaving.jobBegan()
    },
    orphan: lastTask(process.env) as Claim | null,
  })
  if (options.stays) await releaseMemory()
  reportReady(null)

  await aborted(AbortSignal.any([stop, leaving.signal]))
  if (stop.aborted) log.info('stopping: the job that runs is finished')
  leaving.stop()
} catch (error) {
  tellFailure(error)
}
