import './feed.css'
import { useEffect, useState } from 'preact/hooks'
import { say } from '../parts/say.tsx'
import { Failed, Loading, State } from '../parts/state.tsx'
import { whyOf } from '../parts/why.tsx'
import { withCommands } from '../parts/with-commands.tsx'
import { keptState, linkTo } from '../route.ts'
import { words } from '../words/words.ts'
import { FeedList } from './feed-list.tsx'
import { following, loadFollowing, viewerNow } from './following.ts'
import { FollowButton, FollowForm, FollowingList } from './following-list.tsx'
import { type OpenFeed, openFeed } from './open-feed.ts'
import type { Anchor } from './place.ts'

/** `#/feed`, of all who are followed, and `#/owners/OWNER`, of one. */
export function Feed({ words: [owner = null] }: { words: readonly (string | null)[] }) {
  const [open, setOpen] = useState<OpenFeed>(() => openFeed(owner))
  const again = () => setOpen(openFeed(owner))
  useEffect(() => again(), [owner])
  useEffect(() => {
    void open.begin((keptState().anchor as Anchor | undefined) ?? null)
    void loadFollowing().catch(() => {})
    return open.follow()
  }, [open])

  return (
    <>
      {owner === null ? <FeedHead onChange={again} /> : <OwnerHead owner={owner} />}
      <Fresh open={open} />
      <Shown open={open} onChange={again} />
    </>
  )
}

function FeedHead({ onChange }: { onChange: () => void }) {
  const hasAny = following.value !== null && following.value.owners.length > 0
  return (
    <div class="feed-head">
      <h1>{words.value.feed.title}</h1>
      {hasAny && <FollowingList onChange={onChange} />}
    </div>
  )
}

function OwnerHead({ owner }: { owner: string }) {
  const { feed } = words.value
  const isViewer = owner === viewerNow()
  return (
    <div class="feed-head">
      <h1>{owner}</h1>
      {isViewer && <p class="soft small">{feed.you}</p>}
      <FollowButton owner={owner} {...(isViewer && { label: feed.followYourself })} />
    </div>
  )
}

/** Says how many are new, and lets them in. */
function Fresh({ open }: { open: OpenFeed }) {
  const { fresh } = words.value.feed
  void open.version.value
  const { hidden } = open
  const text = fresh(hidden, open.feed.hasNewer)
  useEffect(() => {
    if (hidden > 0) say(text)
  }, [text])
  if (hidden === 0) return null
  const letIn = () => {
    document.getElementById('content')?.focus({ preventScroll: true })
    scrollTo(0, 0)
    void open.letIn()
  }
  return (
    <div class="fresh">
      <button type="button" class="button main" onClick={letIn}>
        {text}
      </button>
    </div>
  )
}

function Shown({ open, onChange }: { open: OpenFeed; onChange: () => void }) {
  const { feed } = words.value
  void open.version.value
  const problem = open.problem.value
  if (!open.hasBegun)
    return problem ? (
      <Failed why={whyOf(problem)} onRetry={() => void open.begin(open.anchor)} />
    ) : (
      <Loading />
    )
  if (open.feed.places.length === 0) return <Empty open={open} onChange={onChange} />
  const label = open.owner === null ? feed.title : open.owner
  return (
    <>
      <FeedList key={open} open={open} label={label} />
      {/* Another one below each page, as it does not move: what was at the end is there no more. */}
      <div key={open.feed.places.length} class="feed-end soft small">
        {problem ? (
          <Failed why={whyOf(problem)} onRetry={() => void open.older()} />
        ) : open.feed.hasOlder ? (
          feed.more
        ) : (
          feed.end(open.feed.places.length)
        )}
      </div>
    </>
  )
}

function Empty({ open, onChange }: { open: OpenFeed; onChange: () => void }) {
  const { feed } = words.value
  const viewer = viewerNow()
  if (open.owner === viewer)
    return (
      <State title={feed.noOwnPhotos}>
        <a class="button main" href={linkTo('develop')}>
          {feed.upload}
        </a>
      </State>
    )
  if (open.owner !== null) return <State title={feed.noPhotos(open.owner)} />
  if (!following.value) return <Loading />
  if (following.value.owners.length > 0)
    return (
      <State title={feed.quiet}>
        <p class="soft">{feed.quietWhy}</p>
      </State>
    )
  return (
    <State title={feed.nobody}>
      <p class="soft">{withCommands(feed.nobodyWhy)}</p>
      <FollowButton owner={viewer} label={feed.followYourself} onChange={onChange} />
      <FollowForm onChange={onChange} />
    </State>
  )
}
