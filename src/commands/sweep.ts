import { Command, InvalidArgumentError } from 'commander'

export function sweepCommand(): Command {
  return new Command('sweep')
    .description(
      'Enqueue lost jobs again, delete renditions of earlier looks, make renditions again whose objects are missing, and put aside objects that no photo has: they are moved to quarantine/ and deleted after QUARANTINE_DAYS. Servers do all this by themselves, the comparison of objects within a day; this does it now, in runs of its own.',
    )
    .option('--accept <n>', 'so many photos may have objects that the catalog does not know', readCount)
    .action(async ({ accept }: { accept?: number }) => {
      const { loadConfig } = await import('../config/config.ts')
      const { createLog } = await import('../log.ts')
      const { openServices } = await import('../services.ts')
      const { runKinds } = await import('../run-kinds.ts')
      const { runNow } = await import('../runs/run-now.ts')

      const config = loadConfig(process.env)
      const log = createLog('sweep', config.logLevel)
      await using engines = await openServices(config, log, { connections: 3 })
      const options = { engines, kinds: runKinds(config, engines), log }
      const { done: mended } = await runNow(options, 'lost jobs')
      const { done: deleted } = await runNow(options, 'earlier renditions')
      const { tally } = await runNow(options, 'objects', { accepted: accept ?? 0 })
      console.log(
        `${mended} lost jobs mended, ${deleted} renditions of earlier looks deleted. ` +
          `Objects without a photo: ${tally.quarantined} moved to quarantine/, ${tally.deleted} deleted from there. ` +
          `${tally.remade} missing renditions are made again; ${tally.withoutOriginal} photos have lost their original, ${tally.forgotten} their row.`,
      )
    })
}

function readCount(text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new InvalidArgumentError('It must be a whole number.')
  return Number(text)
}
