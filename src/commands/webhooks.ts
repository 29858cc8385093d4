import { Command, InvalidArgumentError } from 'commander'
import type { Services } from '../services.ts'

const EXPLANATION = `
Servers tell the app by themselves, and keep each event until it is taken, for three days. What docs/webhooks.md says for who
writes the app is here for who runs it: when an event is refused again and again, and when the app takes nothing any more.

  $ darkroom webhooks                                 is the app told?
  $ darkroom webhooks test                            send a message from here, and show what comes back
  $ darkroom webhooks resend --from 2026-12-01T08:00Z --to 2026-12-01T09:00Z`

const MOST_FAILURES = 1_000

type Json = { json?: true }
type Period = { from?: Date; to?: Date; owner?: string }

export function webhooksCommand(): Command {
  const command = new Command('webhooks')
    .description('Show whether the app is told of what happens to photos, and what waits to be told.')
    .enablePositionalOptions()
    .addHelpText('after', EXPLANATION)
  return command
    .addCommand(statusCommand(), { isDefault: true })
    .addCommand(failuresCommand())
    .addCommand(resendCommand())
    .addCommand(testCommand())
    .addCommand(onCommand())
}

function statusCommand(): Command {
  return new Command('status')
    .description('The same; 1 when the app is not told.')
    .option('--json', 'as one object')
    .action(async ({ json }: Json) => {
      const { webhookBacklog, webhookStatus } = await import('../webhooks/status.ts')
      const { statusReport } = await import('./reports/webhooks-report.ts')
      await withServices(async ({ catalog, webhook }) => {
        const status = await webhookStatus(catalog)
        const backlog = await webhookBacklog(catalog)
        const url = webhook?.name ?? null
        console.log(
          json ? JSON.stringify({ url, ...status, ...backlog }) : statusReport(url, status, backlog),
        )
        if (status.state === 'off' || status.state === 'failing') process.exitCode = 1
      })
    })
}

function failuresCommand(): Command {
  return new Command('failures')
    .description(
      `Events that the app has refused when they were sent by themselves, those that are sent again first; ${MOST_FAILURES.toLocaleString('en')} at most.`,
    )
    .option('--json', 'a line each')
    .action(async ({ json }: Json) => {
      const { failuresReport } = await import('./reports/webhooks-report.ts')
      await withServices(async ({ catalog }) => {
        const refused = await catalog.webhookEvents.refused(MOST_FAILURES)
        if (json) for (const each of refused) console.log(JSON.stringify(each))
        else console.log(failuresReport(refused))
      })
    })
}

function resendCommand(): Command {
  return new Command('resend')
    .description(
      'Send events again: those that are named, or all of a time. They are kept for 24 hours after they were taken.',
    )
    .argument('[event...]', 'ids of events')
    .option('--from <time>', 'those from then on', parseTime)
    .option('--to <time>', 'those before', parseTime)
    .option('--owner <owner>', 'of these those of one owner')
    .action(async (ids: string[], { from, to, owner }: Period) => {
      const { SetupError } = await import('../errors.ts')
      const { parsePhotoId } = await import('../photo/photo-id.ts')
      const { resendPeriod } = await import('../webhooks/resend.ts')
      if (ids.length > 0 === (from !== undefined))
        throw new SetupError('Name events, or a time with --from; not both.')
      if (from === undefined && (to !== undefined || owner !== undefined))
        throw new SetupError('--to and --owner are of no use without --from.')
      await withServices(async ({ catalog: { webhookEvents } }) => {
        const count = from
          ? await resendPeriod(webhookEvents, { from, to: to ?? new Date(), owner: (owner ?? null) as never })
          : await webhookEvents.resend(ids.map(parsePhotoId))
        console.log(`To be sent again: ${count.toLocaleString('en')}.`)
      })
    })
}

function testCommand(): Command {
  return new Command('test')
    .description(
      'Send the message `webhook.test` from this machine, and show what comes back; 1 when it is not taken.',
    )
    .action(async () => {
      const { loadConfig } = await import('../config/config.ts')
      const { SetupError } = await import('../errors.ts')
      const { testMessage } = await import('../webhooks/messages.ts')
      const { Webhook } = await import('../webhooks/webhook.ts')

      const config = loadConfig(process.env).webhook
      if (!config) throw new SetupError('There is no webhook. Set WEBHOOK_URL and WEBHOOK_SECRET.')
      using webhook = new Webhook(config)
      const startedAt = performance.now()
      const { kind, because } = await webhook.send(testMessage(new Date()))
      const ms = Math.round(performance.now() - startedAt)
      console.log(`${webhook.name}: ${kind} in ${ms} ms. ${because}`)
      if (kind !== 'accepted') process.exitCode = 1
    })
}

function onCommand(): Command {
  return new Command('on')
    .description('Let servers go on telling the app, from where they were turned off.')
    .action(async () => {
      const { SetupError } = await import('../errors.ts')
      const { RELAY } = await import('../webhooks/relay.ts')
      await withServices(async ({ catalog: { runs, recurringRuns } }) => {
        const run = await recurringRuns.find(RELAY)
        if (!run) throw new SetupError('No server has WEBHOOK_URL yet: start one with it.')
        await runs.resume(run.id)
        console.log('Webhooks are on. `darkroom webhooks` shows whether the app takes them.')
      })
    })
}

function parseTime(text: string): Date {
  const time = new Date(text)
  if (Number.isNaN(time.getTime())) throw new InvalidArgumentError('Write it as 2026-11-21T08:00Z.')
  return time
}

async function withServices(act: (services: Services) => Promise<void>): Promise<void> {
  const { loadConfig } = await import('../config/config.ts')
  const { createLog } = await import('../log.ts')
  const { openServices } = await import('../services.ts')

  const config = loadConfig(process.env)
  await using services = await openServices(config, createLog('webhooks', 'error'), { connections: 2 })
  await act(services)
}
