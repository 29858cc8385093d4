import { signal } from '@preact/signals'
import { client, session } from '../session.ts'
import { forgetFeed } from './open-feed.ts'

/** Whom the viewer follows, as of when that was asked last. */
export const following = signal<{ viewer: string; owners: readonly string[] } | null>(null)

let asked = 0

/** Of several questions the last is answered. Throws Problem. */
export async function loadFollowing(): Promise<void> {
  const own = ++asked
  const viewer = viewerNow()
  const owners = await client.following()
  if (own === asked) following.value = { viewer, owners: owners.toSorted() }
}

/** Throws Problem. */
export async function setFollowed(owner: string, isFollowed: boolean): Promise<void> {
  if (isFollowed) await client.follow(owner)
  else await client.unfollow(owner)
  forgetFeed()
  await loadFollowing()
}

export function viewerNow(): string {
  return session.value.kind === 'in' ? session.value.owner : ''
}
