import { join } from 'node:path'
import { Command } from 'commander'
import type { Started } from '../start.ts'

const SAMPLE = join(import.meta.dirname, '../../fixtures/photos/sample.jpg')

export function startCommand(): Command {
  return new Command('start')
    .description(
      'Run everything on this machine: a PostgreSQL of its own, the API with the local edge, and the workers.',
    )
    .action(async () => {
      const { loadConfig } = await import('../config/config.ts')
      const { createLog } = await import('../log.ts')
      const { start } = await import('../start.ts')
      const { releaseMemory } = await import('../process/release-memory.ts')
      const { aborted, stopSignal } = await import('../process/stop-signal.ts')

      const stop = stopSignal()
      const config = loadConfig(process.env)
      const log = createLog('start', config.logLevel)

      await using started = await start(config, process.env, log)
      await releaseMemory()
      console.log(greeting(started))
      await aborted(stop)
      log.info('stopping: jobs that run are finished, new work waits for the next start')
    })
}

function greeting({ url, home, database, token, console: page }: Started): string {
  const lines = [
    '',
    `  Darkroom is ready.`,
    '',
    `  Address   ${url}  (the API is described at ${url}/docs)`,
    `  Data      ${home}`,
    `  Database  ${database}`,
    `  Token     ${token ?? 'from your issuer (JWKS_URL)'}`,
    '',
    ...(page
      ? [
          `  Look at it, ${token === null ? 'with a token of your own' : 'signed in by this link, once and within five minutes (npm run darkroom -- console makes others)'}:`,
          '',
          `  ${page}`,
          '',
        ]
      : []),
    page
      ? '  Or try it from here, and open one of the URLs it answers with:'
      : '  Try it, and open one of the URLs it answers with:',
    '',
    `  curl -H "Authorization: Bearer ${token ?? '$TOKEN'}" -H "Prefer: wait=20" -F "file=@${SAMPLE}" ${url}/v1/photos`,
    '',
    '  Ctrl-C stops it.',
    '',
  ]
  return lines.join('\n')
}
