import type { Photo } from 'darkroom-client'
import type { ComponentChildren } from 'preact'
import { CopyButton } from '../parts/copy-button.tsx'
import { linkTo } from '../route.ts'
import { bytes, duration, pixels, time } from '../words/amounts.ts'
import { words } from '../words/words.ts'

/** What is known of the photo: its owner knows more. */
export function Facts({ photo }: { photo: Photo }) {
  const t = words.value.photo
  const { original, timing } = photo
  const { format, width, height } = original
  const wasImported = photo.addedAt !== photo.createdAt
  return (
    <dl class="facts small numbers">
      <Fact name={t.id}>
        <span class="mono">{photo.id}</span> <CopyButton text={photo.id} />
      </Fact>
      <Fact name={t.owner}>
        <a href={linkTo('owners', photo.owner)}>{photo.owner}</a>
      </Fact>
      <Fact name={t.posted}>{time(photo.createdAt)}</Fact>
      {wasImported && <Fact name={t.added}>{time(photo.addedAt)}</Fact>}
      <Fact name={t.original}>
        {[
          format && t.originals[format],
          width && height && pixels({ width, height }),
          original.bytes !== null && bytes(original.bytes),
        ]
          .filter(Boolean)
          .join(' · ') || '–'}
      </Fact>
      {timing && (
        <Fact name={t.timing}>{t.timingOf(duration(timing.waitedMs), duration(timing.developedMs))}</Fact>
      )}
      {photo.filter && <Fact name={t.look}>{photo.filter}</Fact>}
    </dl>
  )
}

function Fact({ name, children }: { name: string; children: ComponentChildren }) {
  return (
    <div>
      <dt class="soft">{name}</dt>
      <dd>{children}</dd>
    </div>
  )
}
