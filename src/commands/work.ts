import { once } from 'node:events'
import { Command } from 'commander'

export function workCommand(): Command {
  return new Command('work')
    .description(
      'Run the workers that make renditions, one process per core. Any number may run, on any machines.',
    )
    .option('--processes <n>', 'how many, instead of WORKERS or one per core')
    .action(async ({ processes }: { processes?: string }) => {
      const { loadConfig } = await import('../config/config.ts')
      const { createLog } = await import('../log.ts')
      const { STOP_SIGNALS } = await import('../supervisor/child.ts')
      const { superviseWorkers } = await import('../supervisor/workers.ts')

      const stopping = new AbortController()
      for (const signal of STOP_SIGNALS) process.on(signal, () => stopping.abort())
      const config = loadConfig({ ...process.env, ...(processes !== undefined && { WORKERS: processes }) })
      const log = createLog('work', config.logLevel)

      await using workers = superviseWorkers(config.workers, process.env, log)
      await workers.ready
      log.info(`${config.workers} workers are ready`)
      if (!stopping.signal.aborted) await once(stopping.signal, 'abort')
      log.info('stopping: jobs that run are finished')
    })
}
