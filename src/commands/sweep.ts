import { Command } from 'commander'

export function sweepCommand(): Command {
  return new Command('sweep')
    .description(
      'Enqueue lost jobs again and delete originals that never got a photo. Servers do this by themselves; this does it now.',
    )
    .action(async () => {
      const { loadConfig } = await import('../config.ts')
      const { createLog } = await import('../log.ts')
      const { openServices } = await import('../services.ts')
      const { sweepJobs, sweepOriginals } = await import('../sweep/sweep.ts')

      const config = loadConfig(process.env)
      const log = createLog('sweep', config.logLevel)
      await using services = await openServices(config, log, { connections: 2 })
      const mended = await sweepJobs(services, log)
      const deleted = await sweepOriginals(services, log)
      console.log(`${mended} photos mended, ${deleted} originals without a photo deleted.`)
    })
}
