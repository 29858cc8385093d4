import type { Delivery, Photo, Place } from 'darkroom-client'
import { useId } from 'preact/hooks'
import { Picture } from '../photos/picture.tsx'
import { linkTo, route } from '../route.ts'
import { time } from '../words/amounts.ts'
import { words } from '../words/words.ts'
import { PRESETS } from './open-feed.ts'

export type TileProps = {
  place: Place
  photo: Photo | null
  delivery: Delivery | undefined
  index: number
  /** How many there are in all, -1 while that is not known. */
  of: number
  top: number
  start: number
  width: number
  height: number
  isUrgent: boolean
  /** Told when its picture can't be had. */
  onGone: (id: string) => void
}

/** A photo of the feed, and who posted it. */
export function Tile({
  place,
  photo,
  delivery,
  index,
  of,
  top,
  start,
  width,
  height,
  isUrgent,
  onGone,
}: TileProps) {
  const { feed } = words.value
  const id = useId()
  const box = {
    insetBlockStart: `${top}px`,
    insetInlineStart: `${start}px`,
    inlineSize: `${width}px`,
    blockSize: `${height}px`,
  }
  const isOwners = route.value[0] === 'owners'
  const posted = time(new Date(place.at))
  return (
    <article
      class="tile"
      style={box}
      data-photo={place.id}
      aria-posinset={index + 1}
      aria-setsize={of}
      aria-labelledby={id}
    >
      <a
        id={id}
        href={linkTo('photos', place.id)}
        aria-label={photo ? feed.photo(photo.alt, photo.owner, posted) : posted}
      >
        {photo ? (
          <Picture
            photo={photo}
            sizes={`${Math.ceil(width)}px`}
            presets={PRESETS}
            delivery={delivery}
            aspectRatio={width / height}
            isUrgent={isUrgent}
            onFailed={() => onGone(place.id)}
          />
        ) : (
          <span
            class="picture"
            style={{ aspectRatio: String(width / height), background: place.color ?? undefined }}
          />
        )}
      </a>
      {photo && photo.status !== 'ready' && <span class="tile-state small">{feed.states[photo.status]}</span>}
      {photo && (
        <span class="tile-words small">
          {!isOwners && <a href={linkTo('owners', photo.owner)}>{photo.owner}</a>}
          <time dateTime={photo.createdAt}>{posted}</time>
        </span>
      )}
    </article>
  )
}
