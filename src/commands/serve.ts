import { setFlagsFromString } from 'node:v8'
import { Command } from 'commander'

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

/**
 * Uploads are buffers outside V8's heap. Young ones are freed by small collections, which come with a small young
 * generation. And V8 collects all of its heap whenever that and these buffers have grown by a half since the last time,
 * which is every few uploads: so they may become three times as large. Together a fifth of an upload's CPU and more.
 */
function collectForUploads(): void {
  setFlagsFromString('--semi-space-growth-factor=1')
  setFlagsFromString('--heap-growing-percent=200')
}
