import type { Delivery, Photo } from './types.ts'

export type Rendition = Photo['renditions'][number]

/** What is asked of a photo's renditions: formats in the order in which they are liked, all presets if none is named. */
export type Wish = { presets?: readonly string[]; formats?: readonly Rendition['format'][] }

/** The URL of a rendition, whole or put together of its parts; `shared` is the `delivery` of the page that it came on. */
export function renditionUrl({ url, path }: Rendition, photo: Photo, shared?: Delivery): string {
  if (url !== undefined) return url
  const delivery = photo.delivery ?? shared
  if (!delivery || path === undefined)
    throw new TypeError('Of a rendition without a URL the delivery is needed.')
  return `${delivery.origin}/${path}?${delivery.query}`
}

/** The renditions that are wished for, of the best-liked format that there is, from the narrowest on. */
export function renditionsOf(
  photo: Photo,
  { presets, formats = ['avif', 'webp', 'jpeg'] }: Wish = {},
): Rendition[] {
  const wanted = photo.renditions.filter(({ preset }) => !presets || presets.includes(preset))
  const format = formats.find((liked) => wanted.some((rendition) => rendition.format === liked))
  return wanted
    .filter((rendition) => rendition.format === format)
    .toSorted((a, b) => (a.width ?? 0) - (b.width ?? 0))
}

/** For `<img srcset>`, so that the browser takes the one that fits its screen. What is not made yet has no width. */
export function srcset(photo: Photo, wish?: Wish, shared?: Delivery): string {
  const byWidth = new Map(renditionsOf(photo, wish).map((rendition) => [rendition.width ?? 0, rendition]))
  byWidth.delete(0)
  return [...byWidth.values()]
    .map((rendition) => `${renditionUrl(rendition, photo, shared)} ${rendition.width}w`)
    .join(', ')
}
