import { useEffect, useState } from 'preact/hooks'
import { photoOf } from '../photos/kept-photos.ts'
import { Picture } from '../photos/picture.tsx'
import { wholePresets } from '../photos/whole-presets.ts'
import { linkTo } from '../route.ts'
import { client, session } from '../session.ts'
import { words } from '../words/words.ts'

const MOST = 24

/** The newest of one's own photos, but for those that are shown above. */
export function Newest({ without }: { without: ReadonlySet<string> }) {
  const text = words.value.develop
  const [ids, setIds] = useState<readonly string[] | null>(null)
  const owner = session.value.kind === 'in' ? session.value.owner : ''
  useEffect(() => {
    const feed = client.photosOf(owner, { limit: MOST })
    feed.loadOlder().then(
      () => setIds(feed.photos.filter(({ status }) => status !== 'failed').map(({ id }) => id)),
      () => {},
    )
    return () => feed.close()
  }, [])
  const shown = ids?.filter((id) => !without.has(id)) ?? []
  if (shown.length === 0) return null
  return (
    <section class="newest">
      <h2>
        <a href={linkTo('owners', owner)}>{text.earlier}</a>
      </h2>
      <ul>
        {shown.map((id) => (
          <NewestTile key={id} id={id} />
        ))}
      </ul>
    </section>
  )
}

function NewestTile({ id }: { id: string }) {
  const photo = photoOf(id).value
  if (photo === null) return null
  const { width, height } = photo?.original ?? {}
  const ratio = width && height ? width / height : 1
  return (
    <li>
      <a class="frame" href={linkTo('photos', id)} aria-label={photo?.alt || words.value.develop.unnamed}>
        {photo?.status === 'ready' && (
          <span class="fitted" style={{ inlineSize: `${Math.min(1, ratio) * 100}%` }}>
            <Picture photo={photo} sizes="10rem" presets={wholePresets(photo)} />
          </span>
        )}
      </a>
    </li>
  )
}
