import { Command, Option } from 'commander'
import type { Lane } from '../queue/job.ts'

export function workCommand(): Command {
  return new Command('work')
    .description(
      'Run the workers that make renditions. Any number may run, on any machines. Uploads and looks are the live lane; what nobody waits for (AVIF, deleting) is the batch lane, at the lowest priority of the operating system. One process waits for jobs; the others are started when there are jobs for them and end when there are none.',
    )
    .addOption(
      new Option('--lane <lane>', 'work this lane alone, instead of both').choices(['live', 'batch']),
    )
    .option('--processes <n>', 'how many of each lane at most, instead of WORKERS or one per core')
    .action(async ({ lane, processes }: { lane?: Lane; processes?: string }) => {
      const { loadConfig } = await import('../config/config.ts')
      const { createLog } = await import('../log.ts')
      const { LANES } = await import('../queue/job.ts')
      const { aborted, stopSignal } = await import('../process/stop-signal.ts')
      const { superviseWorkers } = await import('../worker-processes.ts')

      const stop = stopSignal()
      const config = loadConfig({ ...process.env, ...(processes !== undefined && { WORKERS: processes }) })
      const log = createLog('work', config.logLevel)

      const lanes = lane ? [lane] : LANES
      const { workers: count, batchNice } = config
      await using workers = superviseWorkers({ lanes, count, batchNice, env: process.env, log })
      await workers.ready
      log.info(`ready: up to ${config.workers} workers for ${lanes.join(' jobs and as many for ')} jobs`)
      await aborted(stop)
      log.info('stopping: jobs that run are finished')
    })
}
