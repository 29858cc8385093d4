// A worker as workers/main.ts is one, with a clock at the doors of its engines while it makes a photo ready. Answers
// with the steps of the last one.
import { pino } from 'pino'
import { loadConfig } from '../../src/config/config.ts'
import { openServices } from '../../src/services.ts'
import { fanOut } from '../../workers/jobs/fan-out.ts'
import { filterPhoto } from '../../workers/jobs/filter.ts'
import { finishPhoto } from '../../workers/jobs/finish.ts'
import { purgePhoto } from '../../workers/jobs/purge.ts'
import { remakePhoto } from '../../workers/jobs/remake.ts'
import { resizePhoto } from '../../workers/jobs/resize.ts'
import { samplePhoto } from '../../workers/jobs/sample.ts'
import { answer } from '../script-process.ts'
import { type Steps, timeSteps } from '../timed-engines.ts'

const config = loadConfig(process.env)
const log = pino({ level: 'warn' })
const services = await openServices(config, log, { connections: 2 })
const engines = { ...services, maxPixels: config.maxPixels }
const timed = timeSteps(engines)

services.queue.work({
  lane: 'live',
  handlers: {
    resize: resizePhoto(timed.engines),
    import: resizePhoto(timed.engines),
    filter: filterPhoto(engines),
    purge: purgePhoto(engines),
    finish: finishPhoto(engines),
    remake: remakePhoto(engines),
    sample: samplePhoto(engines),
    fanout: fanOut(engines, log),
  },
  onFailed: async ({ photoId }, error) => {
    throw new Error(`photo ${photoId} failed`, { cause: error })
  },
})

answer<object, Steps>(async () => timed.lastSteps())
