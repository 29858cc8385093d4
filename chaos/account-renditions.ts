import type { PhotoReply } from '../src/http/schemas/photo.ts'
import type { FilterName } from '../src/photo/filter.ts'
import { renditionSize } from '../src/photo/fit.ts'
import { type Place, renditionKey } from '../src/photo/object-keys.ts'
import type { Photo } from '../src/photo/photo.ts'
import { recipeDigest } from '../src/photo/recipe.ts'
import { builtInPresets } from '../src/presets/read-presets.ts'
import type { Services } from '../src/services.ts'
import { PICTURE, readPicture } from './picture.ts'

/** What each photo has in the end. */
const RENDITIONS = builtInPresets().flatMap((preset) =>
  [...preset.upload, ...preset.after].map((format) => ({ preset, format })),
)

/** The keys that follow from the recipes, in the edition that is shown. */
export function renditionKeysOf(
  photo: Pick<Photo, 'look' | 'edition'> & Place,
  { filters }: Services,
): string[] {
  const { look, edition } = photo
  const applied = look && filters.applied(look)
  return RENDITIONS.map(({ preset, format }) => {
    const digest = recipeDigest({ preset, format, look: applied, edition })
    return renditionKey(photo, { preset: preset.name, format, digest })
  })
}

/** Every rendition is told once, its URL gives it, and it is the picture that was uploaded, as large as was said. */
export async function checkRenditions(
  photo: PhotoReply,
  number: number,
  filter: FilterName | null,
): Promise<string[]> {
  const told = photo.renditions.map(({ preset, format }) => `${preset}.${format}`)
  const expected = RENDITIONS.map(({ preset, format }) => `${preset.name}.${format}`)
  const missing = expected.filter((name) => !told.includes(name))
  const extra = told.filter((name, index) => !expected.includes(name) || told.indexOf(name) !== index)
  const checked = await Promise.all(
    photo.renditions.map((rendition) => checkRendition(rendition, number, filter)),
  )
  return [
    ...missing.map((name) => `has no ${name}`),
    ...extra.map((name) => `has ${name} once too often`),
    ...checked.flat(),
  ]
}

async function checkRendition(
  { preset, format, width, height, bytes, url }: PhotoReply['renditions'][number],
  number: number,
  filter: FilterName | null,
): Promise<string[]> {
  const name = `${preset}.${format}`
  const reply = await fetch(url)
  const body = Buffer.from(await reply.arrayBuffer())
  if (!reply.ok) return [`${name} is answered with ${reply.status}`]
  if (body.length !== bytes) return [`${name} has ${body.length} bytes, not ${bytes}`]
  const seen = await readPicture(body).catch((error: Error) => error)
  if (seen instanceof Error) return [`${name} can't be decoded: ${seen.message}`]

  const made = builtInPresets().find((one) => one.name === preset)
  if (!made) return [`${name} is of no preset`]
  const size = renditionSize(PICTURE, made)
  const isSize =
    [width, seen.width].every((one) => one === size.width) &&
    [height, seen.height].every((one) => one === size.height)
  return [
    ...(isSize ? [] : [`${name} is ${seen.width} × ${seen.height}, not ${size.width} × ${size.height}`]),
    ...(seen.number === number ? [] : [`${name} shows ${seen.number}, not ${number}`]),
    ...(seen.light === (filter ? 'grey' : 'color') ? [] : [`${name} has ${seen.light} light`]),
    ...(seen.format === format ? [] : [`${name} is ${seen.format}`]),
  ]
}
