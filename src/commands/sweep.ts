import { Command, InvalidArgumentError } from 'commander'

export function sweepCommand(): Command {
  return new Command('sweep')
    .description(
      'Enqueue lost jobs again, delete renditions of earlier looks, make renditions again whose objects are missing, and put aside objects that no photo has: they are moved to quarantine/ and deleted after QUARANTINE_DAYS. Servers do all this by themselves, the comparison of objects within a day; this does it now.',
    )
    .option('--accept <n>', 'so many photos may have objects that the catalog does not know', readCount)
    .action(async ({ accept }: { accept?: number }) => {
      const { loadConfig } = await import('../config/config.ts')
      const { createLog } = await import('../log.ts')
      const { openServices } = await import('../services.ts')
      const { sweepRenditions } = await import('../sweep/earlier-renditions.ts')
      const { sweepJobs } = await import('../sweep/lost-jobs.ts')
      const { sweepObjects } = await import('../sweep/sweep-objects.ts')

      const config = loadConfig(process.env)
      const log = createLog('sweep', config.logLevel)
      await using services = await openServices(config, log, { connections: 2 })
      const { quarantineDays } = config
      const { windowSeconds, minLifeSeconds } = config.cdn
      const mended = await sweepJobs(services, log)
      const retired = await sweepRenditions(services, windowSeconds + minLifeSeconds, log)
      const options = { quarantineDays, ...(accept !== undefined && { accepted: accept }) }
      const objects = await sweepObjects(services, options, log)
      console.log(
        `${mended} lost jobs mended, ${retired} renditions of earlier looks deleted. ` +
          `Objects without a photo: ${objects.quarantined} moved to quarantine/, ${objects.deleted} deleted from there. ` +
          `${objects.remade} missing renditions are made again; ${objects.withoutOriginal} photos have lost their original, ${objects.forgotten} their row.`,
      )
    })
}

function readCount(text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new InvalidArgumentError('It must be a whole number.')
  return Number(text)
}
