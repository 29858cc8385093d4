import { Command } from 'commander'
import { collectForUploads } from '../process/collect-for-uploads.ts'

export function serveCommand(): Command {
  return new Command('serve')
    .description(
      'Run the API, and the edge while no CDN stands in front. Any number may run, on any machines.',
    )
    .action(async () => {
      collectForUploads()
      const { loadConfig } = await import('../config/config.ts')
      const { createLog } = await import('../log.ts')
      const { serve } = await import('../serve.ts')
      const { endWithSupervisor, reportReady } = await import('../supervisor/child.ts')
      const { releaseMemory } = await import('../process/release-memory.ts')
      const { aborted, stopSignal } = await import('../process/stop-signal.ts')

      const stop = stopSignal()
      endWithSupervisor()
      const config = loadConfig(process.env)
      const log = createLog('api', config.logLevel)
      await using _api = await serve(config, log)
      await releaseMemory()
      reportReady(null)

      await aborted(stop)
      log.info('stopping: no new connections, requests in flight finish')
    })
}
