import { type Photo, type Rendition, renditionUrl } from 'darkroom-client'
import { candidateFor, ENGINES, type Engine } from './candidate.ts'
import type { MadeRendition } from './expected.ts'

/** How an app lays photos out: so many beside each other, in pixels between them. */
export const LAYOUTS = {
  full: { columns: 1, gap: 0 },
  two: { columns: 2, gap: 4 },
  three: { columns: 3, gap: 4 },
} as const
export type LayoutName = keyof typeof LAYOUTS

/** A phone, and whether it takes AVIF. */
export type Screen = { width: number; pixelRatio: number; takesAvif: boolean }

/** `sizes` as the app writes it. */
export function sizesOf(layout: LayoutName): string {
  const { columns, gap } = LAYOUTS[layout]
  return columns === 1 ? '100vw' : `calc((100vw - ${gap * (columns - 1)}px) / ${columns})`
}

/** In CSS pixels. */
export function slotOf(layout: LayoutName, { width }: Pick<Screen, 'width'>): number {
  const { columns, gap } = LAYOUTS[layout]
  return (width - gap * (columns - 1)) / columns
}

/** The formats that `<picture>` offers, the one a browser likes best first. */
const OFFERED = ['avif', 'webp', 'jpeg'] as const

/** What is offered of these renditions: of each format its widths, the narrowest first, each once. */
export function offered(
  renditions: readonly MadeRendition[],
): { format: Rendition['format']; set: MadeRendition[] }[] {
  return OFFERED.flatMap((format) => {
    const byWidth = new Map(
      renditions
        .filter((rendition) => rendition.format === format)
        .map((rendition) => [rendition.width, rendition]),
    )
    const set = [...byWidth.values()].toSorted((a, b) => a.width - b.width)
    return set.length > 0 ? [{ format, set }] : []
  })
}

/** The rendition that each kind of browser takes of those; null when there is none. */
export function takenBy(
  renditions: readonly MadeRendition[],
  layout: LayoutName,
  { takesAvif, ...screen }: Screen,
): Record<Engine, MadeRendition> | null {
  const [best] = offered(renditions).filter(({ format }) => takesAvif || format !== 'avif')
  if (!best) return null
  const widths = best.set.map(({ width }) => width)
  const slot = slotOf(layout, screen)
  const taken = ENGINES.map((engine) => {
    const width = candidateFor(widths, { slot, pixelRatio: screen.pixelRatio, engine })
    return [engine, best.set.find((rendition) => rendition.width === width)]
  })
  return Object.fromEntries(taken) as Record<Engine, MadeRendition>
}

/** What an app writes so that every browser takes the one that fits it. */
export function markupOf(photo: Photo, renditions: readonly MadeRendition[], layout: LayoutName): string {
  const sizes = sizesOf(layout)
  const [fallback, ...better] = offered(renditions).toReversed()
  if (!fallback) return ''
  const set = ({ set }: typeof fallback, indent: string) =>
    set
      .map((rendition) => `${escaped(renditionUrl(rendition, photo))} ${rendition.width}w`)
      .join(`,\n${indent}`)
  const largest = fallback.set.at(-1) as MadeRendition
  const sources = better
    .toReversed()
    .map(
      (one) => `  <source type="image/${one.format}" sizes="${sizes}"\n    srcset="${set(one, '      ')}">\n`,
    )
  const img = [
    `  <img src="${escaped(renditionUrl(largest, photo))}"`,
    `    srcset="${set(fallback, '      ')}"`,
    `    sizes="${sizes}" width="${largest.width}" height="${largest.height}"`,
    `    alt="${escaped(photo.alt ?? '')}" style="width: 100%; height: auto">`,
  ]
  return `<picture>\n${sources.join('')}${img.join('\n')}\n</picture>`
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('"', '&quot;').replaceAll('<', '&lt;')
}
