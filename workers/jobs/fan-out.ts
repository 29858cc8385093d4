import type { Follows } from '../../src/catalog/feeds/follows.ts'
import type { Photos } from '../../src/catalog/photos/photos.ts'
import { WebhookWaitsError } from '../../src/errors.ts'
import type { Log } from '../../src/log.ts'
import { addedAt } from '../../src/photo/photo-id.ts'
import type { OwnerId } from '../../src/photo/shard.ts'
import type { FollowersPage } from '../../src/queue/job.ts'
import type { JobHandler, JobQueue } from '../../src/queue/job-queue.ts'
import { feedMessage } from '../../src/webhooks/messages.ts'
import { GIVE_UP_MS } from '../../src/webhooks/relay.ts'
import type { Webhook } from '../../src/webhooks/webhook.ts'

export type FanOutEngines = {
  catalog: { photos: Pick<Photos, 'find'>; follows: Pick<Follows, 'followersOf'> }
  queue: Pick<JobQueue, 'enqueue'>
  /** Null where none is configured. */
  webhook: Pick<Webhook, 'send'> | null
}

/** Viewers of a message, and messages on their way at a time. */
const VIEWERS = 1_000
const AT_ONCE = 4
/** A job goes on for so long: then others have their turn, and it begins anew behind them. */
const TURN_MS = 1_000

/**
 * `fanout`: tells the app of a new photo whom it is for, some followers of its owner after the others. It sends a few messages at
 * a time for a second, and then promises the rest: who has a million followers delays nobody. Done again it sends the same
 * messages, by the same ids. A photo that nobody may see any more is told to nobody any more.
 */
export function fanOut(
  { catalog, queue, webhook }: FanOutEngines,
  log: Pick<Log, 'warn'>,
  { turnMs = TURN_MS } = {},
): JobHandler {
  return async ({ kind, photoId: photo, page }) => {
    const { number, event, after: start } = page as FollowersPage
    if (Date.now() - addedAt(event).getTime() > GIVE_UP_MS) {
      log.warn(
        { photoId: photo, after: start },
        'followers are not told of a new photo: the webhook has not taken it for days',
      )
      return
    }
    if (!webhook)
      throw new WebhookWaitsError('This worker has no WEBHOOK_URL. Give it the same as the servers.')
    const end = performance.now() + turnMs
    for (let after = start; ; ) {
      const { owner, visibility, status } = (await catalog.photos.find(photo)) ?? {}
      if (owner === undefined || visibility !== 'public' || status !== 'ready') return
      const followers = await catalog.follows.followersOf(owner, after, AT_ONCE * VIEWERS)
      const pages = pagesOf(followers)
      const answers = await Promise.all(
        pages.map(async (viewers) => await webhook.send(feedMessage({ event, photo, owner, viewers }))),
      )
      // It wants no more of anything: the relay turns webhooks off when it is told so, too.
      if (answers.some((answer) => answer.kind === 'gone')) return
      const refused = answers.find((answer) => answer.kind !== 'accepted')
      const taken = refused ? answers.indexOf(refused) : pages.length
      after = pages[taken - 1]?.at(-1) ?? after
      if (refused && after === start) {
        throw new WebhookWaitsError(
          `The webhook does not take which followers have a new photo. ${refused.because}`,
        )
      }
      if (!refused && followers.length < AT_ONCE * VIEWERS) return
      // What was taken is not sent again.
      if (refused || performance.now() > end) {
        await queue.enqueue({ kind, photoId: photo, page: { number: number + 1, event, after } })
        return
      }
    }
  }
}

function pagesOf(followers: readonly OwnerId[]): OwnerId[][] {
  const count = Math.ceil(followers.length / VIEWERS)
  return Array.from({ length: count }, (_, n) => followers.slice(n * VIEWERS, (n + 1) * VIEWERS))
}
