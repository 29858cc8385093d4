import { useState } from 'preact/hooks'
import { say } from '../parts/say.tsx'
import { useAct } from '../parts/use-act.ts'
import { Why } from '../parts/why.tsx'
import { linkTo } from '../route.ts'
import { words } from '../words/words.ts'
import { following, setFollowed } from './following.ts'

/** 1 to 128 of them; the server says the same. */
const OWNER = '[A-Za-z0-9_\\-.:\\|@+]{1,128}'

/** Whom one follows: to look at, to add to and to take from. */
export function FollowingList({ onChange }: { onChange: () => void }) {
  const { feed } = words.value
  const owners = following.value?.owners ?? []
  return (
    <details class="following">
      <summary>{feed.following(owners.length)}</summary>
      <FollowForm onChange={onChange} />
      <ul>
        {owners.map((owner) => (
          <li key={owner}>
            <a href={linkTo('owners', owner)}>{owner}</a>
            <FollowButton owner={owner} onChange={onChange} />
          </li>
        ))}
      </ul>
    </details>
  )
}

export function FollowForm({ onChange }: { onChange: () => void }) {
  const { feed } = words.value
  const [owner, setOwner] = useState('')
  const { isBusy, problem, act } = useAct()
  const submit = async (event: Event) => {
    event.preventDefault()
    await act(async () => {
      await setFollowed(owner, true)
      say(feed.followed(owner))
      setOwner('')
      onChange()
    })
  }
  return (
    <form class="follow-form" onSubmit={submit}>
      <label for="follow-owner">{feed.owner}</label>
      <input
        id="follow-owner"
        class="field"
        required
        pattern={OWNER}
        title={feed.ownerForm}
        autocomplete="off"
        autocapitalize="none"
        spellcheck={false}
        value={owner}
        onInput={({ currentTarget }) => setOwner(currentTarget.value)}
      />
      <button type="submit" class="button" disabled={isBusy}>
        {feed.follow}
      </button>
      <Why why={problem} />
    </form>
  )
}

/** Follows the owner, or does so no more. */
export function FollowButton({
  owner,
  label,
  onChange,
}: {
  owner: string
  label?: string
  onChange?: () => void
}) {
  const { feed } = words.value
  const { isBusy, problem, act } = useAct()
  if (!following.value) return null
  const isFollowed = following.value.owners.includes(owner)
  const change = () =>
    act(async () => {
      await setFollowed(owner, !isFollowed)
      say(isFollowed ? feed.unfollowed(owner) : feed.followed(owner))
      onChange?.()
    })
  const name = isFollowed ? feed.unfollow : (label ?? feed.follow)
  return (
    <>
      <button
        type="button"
        class={`button ${label === undefined ? 'small' : ''}`}
        disabled={isBusy}
        onClick={() => void change()}
        aria-label={`${name}: ${owner}`}
      >
        {name}
      </button>
      <Why why={problem} />
    </>
  )
}
