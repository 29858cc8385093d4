#!/usr/bin/env node
import { Command } from 'commander'
import manifest from '../package.json' with { type: 'json' }
import { consoleCommand } from './commands/console.ts'
import { doctorCommand } from './commands/doctor.ts'
import { filtersCommand } from './commands/filters.ts'
import { importCommand } from './commands/import.ts'
import { jobsCommand } from './commands/jobs.ts'
import { keysCommand } from './commands/keys.ts'
import { migrateCommand } from './commands/migrate.ts'
import { refuseUnknownWords } from './commands/refuse-unknown-words.ts'
import { reprocessCommand } from './commands/reprocess.ts'
import { runsCommand } from './commands/runs.ts'
import { serveCommand } from './commands/serve.ts'
import { shardsCommand } from './commands/shards.ts'
import { startCommand } from './commands/start.ts'
import { sweepCommand } from './commands/sweep.ts'
import { tokenCommand } from './commands/token.ts'
import { uploadCommand } from './commands/upload.ts'
import { webhooksCommand } from './commands/webhooks.ts'
import { workCommand } from './commands/work.ts'
import { prepareEnvironment } from './config/environment.ts'
import { tellFailure } from './process/tell-failure.ts'

const program = new Command('darkroom')
  .description('The pipeline between a photo app and its CDN.')
  .version(manifest.version)
  // An option behind a subcommand is the subcommand's, also where both have one of the name.
  .enablePositionalOptions()
  .addCommand(startCommand())
  .addCommand(serveCommand())
  .addCommand(workCommand())
  .addCommand(migrateCommand())
  .addCommand(uploadCommand())
  .addCommand(tokenCommand())
  .addCommand(consoleCommand())
  .addCommand(filtersCommand())
  .addCommand(reprocessCommand())
  .addCommand(importCommand())
  .addCommand(runsCommand())
  .addCommand(jobsCommand())
  .addCommand(sweepCommand())
  .addCommand(keysCommand())
  .addCommand(webhooksCommand())
  .addCommand(shardsCommand())
  .addCommand(doctorCommand())

try {
  prepareEnvironment()
  await refuseUnknownWords(program).parseAsync()
} catch (error) {
  tellFailure(error)
}
