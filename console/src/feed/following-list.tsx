import { useState } from 'preact/hooks'
import { say } from '../parts/say.tsx'
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
  const { feed, common } = words.value
  const [owner, setOwner] = useState('')
  const [problem, setProblem] = useState<string | null>(null)
  const submit = async (event: Event) => {
    event.preventDefault()
    setProblem(null)
    try {
      await setFollowed(owner, true)
      say(feed.followed(owner))
      setOwner('')
      onChange()
    } catch (error) {
      setProblem((error as Error).message)
    }
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
      <button type="submit" class="button">
        {feed.follow}
      </button>
      {problem !== null && (
        <p class="bad small" role="alert">
          {common.failed(problem)}
        </p>
      )}
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
  const { feed, common } = words.value
  const [problem, setProblem] = useState<string | null>(null)
  const [isBusy, setBusy] = useState(false)
  if (!following.value) return null
  const isFollowed = following.value.owners.includes(owner)
  const change = async () => {
    setBusy(true)
    setProblem(null)
    try {
      await setFollowed(owner, !isFollowed)
      say(isFollowed ? feed.unfollowed(owner) : feed.followed(owner))
      onChange?.()
    } catch (error) {
      setProblem((error as Error).message)
    } finally {
      setBusy(false)
    }
  }
  const name = isFollowed ? feed.unfollow : (label ?? feed.follow)
  return (
    <>
      <button
        type="button"
        class="button small"
        disabled={isBusy}
        onClick={change}
        aria-label={`${name}: ${owner}`}
      >
        {name}
      </button>
      {problem !== null && (
        <span class="bad small" role="alert">
          {common.failed(problem)}
        </span>
      )}
    </>
  )
}
