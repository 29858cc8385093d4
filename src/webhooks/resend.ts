import type { PhotoEventId } from '../catalog/events/photo-events.ts'
import type { WebhookEvents } from '../catalog/events/webhook-events.ts'
import { firstIdAt } from '../photo/photo-id.ts'
import type { OwnerId } from '../photo/shard.ts'

const PAGE = 1_000

/** Events of a time, `to` left out, of one owner or of all. */
export type Period = { from: Date; to: Date; owner: OwnerId | null }

/**
 * Has all events of a period sent again that are kept still, in their order: those that the app has taken, and at once those
 * that it refused. Returns how many.
 */
export async function resendPeriod(
  events: Pick<WebhookEvents, 'between' | 'resend'>,
  { from, to, owner }: Period,
): Promise<number> {
  let count = 0
  for (const isTold of [false, true]) {
    let after = String(BigInt(firstIdAt(from)) - 1n) as PhotoEventId
    for (let page = PAGE; page === PAGE; ) {
      const ids = await events.between(after, firstIdAt(to), { isTold, owner, limit: PAGE })
      if (ids.length > 0) count += await events.resend(ids)
      page = ids.length
      after = ids.at(-1) ?? after
    }
  }
  return count
}
