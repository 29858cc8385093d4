import './renditions.css'
import { type Photo, renditionUrl } from 'darkroom-client'
import { bytes, number, percent, pixels } from '../words/amounts.ts'
import { words } from '../words/words.ts'
import type { Expected, MadeRendition } from './expected.ts'
import type { Pair } from './loupe.tsx'
import { nameOf } from './names.ts'

type RenditionsProps = {
  photo: Photo
  all: readonly Expected[]
  /** What is not there may still come. */
  isPatient: boolean
  pair: Pair
  onPair: (pair: Pair) => void
}

/** All that was made of the photo and what is still to come, side by side for whoever judges them. */
export function Renditions({ photo, all, isPatient, pair, onPair }: RenditionsProps) {
  const t = words.value.photo
  const isOwn = photo.original.bytes !== null
  const largest = Math.max(...all.map(({ rendition }) => rendition?.bytes ?? 0))
  return (
    <section aria-labelledby="renditions">
      <h2 id="renditions">{t.renditions}</h2>
      <table class="renditions numbers">
        <thead class="small soft">
          <tr>
            <th scope="col">{t.picture}</th>
            <th scope="col">{t.preset}</th>
            <th scope="col">{t.pixels}</th>
            <th scope="col">{t.bytes}</th>
            {isOwn && <th scope="col">{t.ofOriginal}</th>}
            <th scope="col">{t.toJpeg}</th>
            <th scope="col">{t.loupe}</th>
          </tr>
        </thead>
        <tbody>
          {all.map((expected) => (
            <Row
              key={nameOf(expected)}
              {...{ photo, expected, largest, isOwn, isPatient, pair, onPair }}
              jpeg={
                all.find(({ preset, format }) => preset === expected.preset && format === 'jpeg')?.rendition
              }
            />
          ))}
        </tbody>
      </table>
    </section>
  )
}

type RowProps = Omit<RenditionsProps, 'all'> & {
  expected: Expected
  jpeg: MadeRendition | null | undefined
  largest: number
  isOwn: boolean
}

function Row({
  photo,
  expected: { preset, format, rendition },
  isPatient,
  jpeg,
  largest,
  isOwn,
  pair,
  onPair,
}: RowProps) {
  const t = words.value.photo
  const name = nameOf({ preset, format })
  const title = (
    <th scope="row">
      {preset} <span class="soft">{t.formats[format]}</span>
    </th>
  )
  if (!rendition)
    return (
      <tr class="is-to-come soft">
        <td>
          <span class="sample" />
        </td>
        {title}
        <td colSpan={isOwn ? 5 : 4}>{isPatient ? t.toCome : t.notMade}</td>
      </tr>
    )
  const toJpeg = jpeg && format !== 'jpeg' ? rendition.bytes / jpeg.bytes - 1 : null
  return (
    <tr>
      <td>
        <a
          class="sample"
          href={renditionUrl(rendition, photo)}
          target="_blank"
          rel="noopener noreferrer"
          aria-label={t.openRendition(name)}
        >
          <img src={renditionUrl(rendition, photo)} alt="" loading="lazy" decoding="async" />
        </a>
      </td>
      {title}
      <td>{pixels(rendition)}</td>
      <td class="bytes">
        {bytes(rendition.bytes)}
        <span class="bar-of-bytes" style={{ inlineSize: `${(rendition.bytes / largest) * 100}%` }} />
      </td>
      {isOwn && <td data-of={t.ofOriginal}>{percent(rendition.bytes / (photo.original.bytes as number))}</td>}
      <td data-of={toJpeg === null ? undefined : t.toJpeg}>
        {toJpeg !== null &&
          number(toJpeg, { style: 'percent', maximumFractionDigits: 0, signDisplay: 'exceptZero' })}
      </td>
      <td class="choose">
        {(['a', 'b'] as const).map((side) => (
          <label key={side}>
            <input
              type="radio"
              name={`loupe-${side}`}
              checked={pair[side] === name}
              onChange={() => onPair({ ...pair, [side]: name })}
              aria-label={t.toLoupe(name, t.sides[side])}
            />
            <span aria-hidden="true">{t.sides[side]}</span>
          </label>
        ))}
      </td>
    </tr>
  )
}
