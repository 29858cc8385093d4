import { Command } from 'commander'

export function migrateCommand(): Command {
  return new Command('migrate')
    .description(
      'Bring the tables of every database up to date. Run it before new servers and workers start.',
    )
    .action(async () => {
      const { loadConfig } = await import('../config/config.ts')
      const { migrateServices } = await import('../services.ts')

      const applied = await migrateServices(loadConfig(process.env))
      console.log(applied.length > 0 ? `Applied ${applied.join(', ')}.` : 'Everything is up to date.')
    })
}
