import { randomBytes, randomInt } from 'node:crypto'
import { renditionSize } from '../src/photo/fit.ts'
import type { Original, Photo } from '../src/photo/photo.ts'
import { firstIdAt } from '../src/photo/photo-id.ts'
import { recipeDigest } from '../src/photo/recipe.ts'
import { newSecret } from '../src/photo/secret.ts'
import { OWNER } from './darkroom.ts'
import { PRESETS } from './renditions.ts'

const START = Date.UTC(2026, 0, 1)
const SIZES = [
  { width: 4032, height: 3024 },
  { width: 3024, height: 4032 },
  { width: 3000, height: 2000 },
  { width: 2000, height: 3000 },
] as const

/** What every still, opaque photo has in the end: all presets in all of their formats. */
const RENDITIONS = PRESETS.flatMap((preset) =>
  [...preset.upload, ...preset.after].map((format) => ({ preset, format })),
)

/** The original of such a photo. */
export function feedOriginal(): Original {
  return {
    format: 'jpeg',
    bytes: randomInt(1_000_000, 9_000_000),
    sha256: randomBytes(32).toString('hex'),
  }
}

/** A photo of a feed, as unlike the others as photos are: nothing of it compresses that would not of real ones. */
export function feedPhoto(index: number): Photo {
  const size = SIZES[index % SIZES.length] ?? SIZES[0]
  const postedAt = new Date(START + index * 3_600_000 + randomInt(3_600_000))
  return {
    id: firstIdAt(postedAt),
    owner: OWNER,
    status: 'ready',
    visibility: 'public',
    postedAt,
    secret: newSecret(),
    alt: null,
    original: feedOriginal(),
    adopted: null,
    facts: {
      ...size,
      color: `#${randomBytes(3).toString('hex')}`,
      thumbhash: randomBytes(25).toString('base64'),
    },
    focus: null,
    look: null,
    edition: 0,
    wanted: null,
    renditions: RENDITIONS.map(({ preset, format }) => ({
      preset: preset.name,
      format,
      digest: recipeDigest({ preset, format, look: null, edition: 0 }),
      ...renditionSize(size, preset),
      bytes: randomInt(10_000, 300_000),
    })),
    recipe: null,
    failure: null,
  }
}
