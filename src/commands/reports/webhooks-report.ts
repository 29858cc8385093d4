import { MOST_COUNTED, type RefusedEvent } from '../../catalog/events/webhook-events.ts'
import type { WebhookStatus, webhookBacklog } from '../../webhooks/status.ts'
import { count, table, text } from './table.ts'

export function statusReport(
  url: string | null,
  { state, because, failingSince, acceptedAt }: WebhookStatus,
  { untold, refused, since }: Awaited<ReturnType<typeof webhookBacklog>>,
): string {
  const name = url ?? 'No WEBHOOK_URL is set here. The webhook'
  const lines = {
    new: [url === null ? 'No webhook is configured.' : `${name}: no server has begun to tell it yet.`],
    on: [`${name} is on.`],
    failing: [`${name} takes nothing since ${failingSince}; it is tried again.`],
    off: [`${name} is off: nothing is sent. \`darkroom webhooks on\` lets it go on.`],
  }[state]
  if (because !== null) lines.push(because)
  if (acceptedAt !== null) lines.push(`The last message was taken at ${acceptedAt}.`)
  if (untold > 0) {
    const number = untold > MOST_COUNTED ? `more than ${MOST_COUNTED.toLocaleString('en')}` : untold
    lines.push(`Events to be told: ${number}, the first of ${since}.`)
  }
  if (refused > 0) lines.push(`Refused of these: ${refused}. \`darkroom webhooks failures\` shows them.`)
  return lines.join('\n')
}

export function failuresReport(refused: readonly RefusedEvent[]): string {
  const columns = [
    text('event'),
    text('type'),
    text('owner'),
    text('photo'),
    count('refused'),
    text('again'),
    text('because'),
  ]
  const rows = refused.map(({ id, type, owner, photoId, refusals, retryAt, because }) => [
    id,
    type,
    owner,
    photoId,
    String(refusals),
    retryAt.toISOString(),
    because,
  ])
  return rows.length > 0 ? table(columns, rows) : 'No event was refused.'
}
