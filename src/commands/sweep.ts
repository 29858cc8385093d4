import { Command } from 'commander'

export function sweepCommand(): Command {
  return new Command('sweep')
    .description(
      'Enqueue lost jobs again, delete originals that never got a photo and renditions of earlier looks. Servers do this by themselves; this does it now.',
    )
    .action(async () => {
      const { loadConfig } = await import('../config.ts')
      const { createLog } = await import('../log.ts')
      const { openServices } = await import('../services.ts')
      const { sweepJobs, sweepOriginals, sweepRenditions } = await import('../sweep/sweep.ts')

      const config = loadConfig(process.env)
      const log = createLog('sweep', config.logLevel)
      await using services = await openServices(config, log, { connections: 2 })
      const mended = await sweepJobs(services, log)
      const deleted = await sweepOriginals(services, log)
      const { windowSeconds, minLifeSeconds } = config.cdn
      const retired = await sweepRenditions(services, windowSeconds + minLifeSeconds, log)
      console.log(
        `${mended} photos mended, ${deleted} originals without a photo and ${retired} renditions of earlier looks deleted.`,
      )
    })
}
