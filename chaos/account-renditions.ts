import type { PhotoReply } from '../src/http/schemas/photo.ts'
import { renditionSize } from '../src/photo/fit.ts'
import type { Preset } from '../src/photo/presets.ts'
import type { Edited } from './owner.ts'
import { PICTURE, readPicture } from './picture.ts'

/** Every rendition is told once, its URL gives it, and it is the picture that was uploaded, as large as was said. */
export async function checkRenditions(
  photo: PhotoReply,
  number: number,
  asked: Pick<Edited, 'filter' | 'focus'>,
  presets: readonly Preset[],
): Promise<string[]> {
  const told = photo.renditions.map(({ preset, format }) => `${preset}.${format}`)
  const expected = presets.flatMap(({ name, upload, after }) =>
    [...upload, ...after].map((format) => `${name}.${format}`),
  )
  const missing = expected.filter((name) => !told.includes(name))
  const extra = told.filter((name, index) => !expected.includes(name) || told.indexOf(name) !== index)
  const checked = await Promise.all(
    photo.renditions.map((rendition) => checkRendition(rendition, number, asked, presets)),
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
  { filter, focus }: Pick<Edited, 'filter' | 'focus'>,
  presets: readonly Preset[],
): Promise<string[]> {
  const name = `${preset}.${format}`
  const reply = await fetch(url)
  const body = Buffer.from(await reply.arrayBuffer())
  if (!reply.ok) return [`${name} is answered with ${reply.status}`]
  if (body.length !== bytes) return [`${name} has ${body.length} bytes, not ${bytes}`]
  const seen = await readPicture(body).catch((error: Error) => error)
  if (seen instanceof Error) return [`${name} can't be decoded: ${seen.message}`]

  const made = presets.find((one) => one.name === preset)
  if (!made) return [`${name} is of no preset`]
  const size = renditionSize(PICTURE, made)
  // The number may not be in sight.
  const isCutAnywhere = made.fit === 'cover' && focus === null
  const isSize =
    [width, seen.width].every((one) => one === size.width) &&
    [height, seen.height].every((one) => one === size.height)
  return [
    ...(isSize ? [] : [`${name} is ${seen.width} × ${seen.height}, not ${size.width} × ${size.height}`]),
    ...(isCutAnywhere || seen.number === number ? [] : [`${name} shows ${seen.number}, not ${number}`]),
    ...(isCutAnywhere || seen.light === (filter ? 'grey' : 'color')
      ? []
      : [`${name} has ${seen.light} light`]),
    ...(seen.format === format ? [] : [`${name} is ${seen.format}`]),
  ]
}
