import { test as always, describe } from 'vitest'
import { doesJobs } from './job-queue/does-jobs.ts'
import type { OpenQueue } from './job-queue/jobs.ts'
import { retriesJobs } from './job-queue/retries-jobs.ts'
import { tellsOfJobs } from './job-queue/tells-of-jobs.ts'

/**
 * What every JobQueue promises. Run it against each implementation; `openQueue` gives an empty one. A `test` of
 * its own skips where the server is not installed. Most of its time is waiting, so several tests wait at once.
 */
export function jobQueueContract(name: string, openQueue: OpenQueue, test: typeof always = always): void {
  describe.concurrent(`${name} keeps the JobQueue contract`, () => {
    doesJobs(openQueue, test)
    retriesJobs(openQueue, test)
    tellsOfJobs(openQueue, test)
  })
}
