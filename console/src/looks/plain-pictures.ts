import { type Photo, renditionUrl } from 'darkroom-client'

/** URLs of a photo's pictures: the one that is looked at, and a small one. */
export type Pictures = { large: string; small: string }

const STORED = 'darkroom-plain-pictures'
const MOST = 20
/** Wide enough for what is looked at; and for a tile on a screen of three dots a pixel. */
const LARGE = 1080
const SMALL = 300

/** The photo's whole pictures as it is shown now; null while there are none. */
export function picturesOf(photo: Photo): Pictures | null {
  const whole = photo.renditions.filter(isWhole(photo)).toSorted((a, b) => (a.width ?? 0) - (b.width ?? 0))
  const atLeast = (width: number) =>
    whole.find((rendition) => (rendition.width ?? 0) >= width) ?? whole.at(-1)
  const [large, small] = [atLeast(LARGE), atLeast(SMALL)]
  return large && small ? { large: renditionUrl(large, photo), small: renditionUrl(small, photo) } : null
}

/**
 * The photo's pictures without a look. Those of one that has a look are of before, if it had none when it was seen in this tab; else
 * null: its pictures have the look in them, and its original is never delivered.
 */
export function plainPicturesOf(photo: Photo): Pictures | null {
  const stored = read()
  if (photo.filter !== null) return stored[photo.id] ?? null
  const pictures = picturesOf(photo)
  if (pictures) write({ ...stored, [photo.id]: pictures })
  return pictures
}

/** Not cropped, and of a format whose colours every browser gives alike. */
function isWhole({ original }: Photo) {
  return ({ format, width, height }: Photo['renditions'][number]): boolean => {
    if (format === 'avif' || !width || !height || !original.width || !original.height) return false
    return Math.abs(height - (width * original.height) / original.width) <= 1
  }
}

function read(): Record<string, Pictures> {
  return JSON.parse(sessionStorage.getItem(STORED) ?? '{}')
}

function write(pictures: Record<string, Pictures>): void {
  const kept = Object.entries(pictures).slice(-MOST)
  sessionStorage.setItem(STORED, JSON.stringify(Object.fromEntries(kept)))
}
