import type { Backlog, WebhookEvents } from '../catalog/events/webhook-events.ts'
import type { RecurringRuns } from '../catalog/runs/recurring-runs.ts'
import { addedAt } from '../photo/photo-id.ts'
import { RELAY, type RelayState } from './relay.ts'

/**
 * `on` as long as messages are taken, `failing` while none is, `off` when none is sent any more until an operator says so;
 * `new` before the first server has begun.
 */
export type WebhookState = 'new' | 'on' | 'failing' | 'off'

export type WebhookStatus = {
  state: WebhookState
  run: number | null
  /** Why messages are not taken or not sent, for an operator. */
  because: string | null
  failingSince: string | null
  acceptedAt: string | null
}

/** Whether the app is told of what happens to photos. Throws EngineUnavailableError. */
export async function webhookStatus({
  recurringRuns,
}: {
  recurringRuns: RecurringRuns
}): Promise<WebhookStatus> {
  const run = await recurringRuns.find(RELAY)
  const state = run?.cursor as RelayState | null | undefined
  const { failing = null, acceptedAt = null } = state ?? {}
  const failingSince = failing?.since ?? null
  if (!run || !state) return { state: 'new', run: null, because: null, failingSince, acceptedAt }
  if (run.state !== 'running')
    return { state: 'off', run: run.id, because: run.reason, failingSince, acceptedAt }
  const because = failing?.because ?? null
  return { state: failing ? 'failing' : 'on', run: run.id, because, failingSince, acceptedAt }
}

/** What waits to be told, and since when. */
export async function webhookBacklog(catalog: {
  recurringRuns: RecurringRuns
  webhookEvents: Pick<WebhookEvents, 'backlog'>
}): Promise<Omit<Backlog, 'first'> & { since: string | null }> {
  const state = (await catalog.recurringRuns.find(RELAY))?.cursor as RelayState | null | undefined
  if (!state) return { untold: 0, refused: 0, since: null }
  const { first, ...counts } = await catalog.webhookEvents.backlog(state.since)
  return { ...counts, since: first === null ? null : addedAt(first).toISOString() }
}
