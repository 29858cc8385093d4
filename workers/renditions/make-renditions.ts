import type { Rendition } from '../../src/photo/photo.ts'
import { formatsAt, type Preset, type PresetName, type Stage } from '../../src/photo/presets.ts'
import { recipeDigest } from '../../src/photo/recipe.ts'
import type { RenditionFormat } from '../../src/photo/rendition-formats.ts'
import { animate, type MovingFile } from './animate.ts'
import { byteLimit, NO_LIMIT } from './byte-limit.ts'
import type { DecodedPhoto } from './decoded-photo.ts'
import { encode } from './encode.ts'
import { hasFineColor } from './fine-color.ts'
import { attachGainMap, gainMapMaker } from './gain-map/gain-map.ts'
import { ownScan } from './jpeg/own-scan.ts'
import type { Pixels } from './pixels.ts'

export type Wish = {
  stage: Stage
  /** The photo's edition that the renditions are of; part of their digests. */
  edition?: number
  /** The bytes of what there is already in a preset: AVIF that has no fewer is left out. */
  rivals?: ReadonlyMap<PresetName, number>
  /** Which of them to make; all unless given. */
  only?: (preset: PresetName, format: RenditionFormat) => boolean
}

export type RenditionFile = Rendition & { body: Buffer }

/** One object, and the presets that it is the rendition of: those that come out alike. Its key has the name of the first. */
type Output = {
  presets: [Preset, ...Preset[]]
  format: RenditionFormat
  source: Promise<Pixels> | MovingFile
  /** Has the photo's gain map, where there is one. */
  isBright: boolean
}

/**
 * Makes every rendition of that stage of a decoded photo, but for AVIF that would win nothing: each is encoded while the
 * smaller pictures are still being made. `keep` is given each object as soon as its bytes are there, so that storing it
 * takes no time of its own: presets that come out alike share one. An animation moves in some presets.
 *
 * Throws CorruptPhotoError when the original can't be read whole, and what `keep` throws.
 */
export async function makeRenditions(
  photo: DecodedPhoto,
  { stage, edition = 0, rivals, only = () => true }: Wish,
  keep: (rendition: RenditionFile) => Promise<unknown> = async () => {},
): Promise<RenditionFile[]> {
  const { header, original, look } = photo
  const gainMapFor = gainMapMaker(header)

  const stillOf = async (picture: Pixels, format: RenditionFormat, rival: number) => {
    const scan = format === 'jpeg' && !look ? await ownScan(header, picture) : null
    if (scan?.isCoarse) return scan.file
    const limit = scan ? NO_LIMIT : byteLimit(header, original, picture, format)
    const isFine = hasFineColor(picture)
    const encoded = await encode(picture, format, { credit: header.credit, isFine, limit, rival })
    return scan && encoded && scan.file.length <= encoded.length ? scan.file : encoded
  }
  const encodeStill = async (picture: Pixels, { presets, format, isBright }: Output) => {
    const rival = Math.min(...presets.map(({ name }) => rivals?.get(name) ?? Number.POSITIVE_INFINITY))
    const still = await stillOf(picture, format, rival)
    const gainMap = still && isBright ? await gainMapFor(picture) : null
    return still && gainMap ? attachGainMap(still, gainMap) : still
  }
  const make = async (output: Output): Promise<RenditionFile[]> => {
    const { presets, format } = output
    const source = await output.source
    const body = 'body' in source ? source.body : await encodeStill(source, output)
    if (!body) return []
    const { width, height } = source
    const [named, ...others] = presets
    const digest = recipeDigest({ preset: named, format, look: look?.applied ?? null, edition })
    const first = { preset: named.name, format, digest, width, height, bytes: body.length, body }
    await keep(first)
    return [first, ...others.map(({ name }) => ({ ...first, preset: name, namedBy: named.name }))]
  }

  const made = (await outputsOf(photo, stage, only)).map(make)
  // When one fails the others come to their end before that is told: nothing is kept behind the caller's back.
  await Promise.allSettled(made)
  return (await Promise.all(made)).flat()
}

async function outputsOf(
  photo: DecodedPhoto,
  stage: Stage,
  only: NonNullable<Wish['only']>,
): Promise<Output[]> {
  const { header, look, kind, pictures } = photo
  const mayMove = [...pictures.keys()].filter(({ name }) => only(name, 'webp'))
  const moving: ReadonlyMap<Preset, MovingFile> =
    stage === 'upload' ? await animate(header, mayMove, look?.compiled ?? null) : new Map()
  const outputs: Output[] = []
  for (const [preset, picture] of pictures) {
    for (const format of formatsAt(stage, preset, kind).filter((each) => only(preset.name, each))) {
      const source = (format === 'webp' && moving.get(preset)) || picture
      const isBright = format === 'jpeg' && !look && preset.hdr && header.gainMap !== null
      const alike = outputs.find(
        (output) => output.source === source && output.format === format && output.isBright === isBright,
      )
      if (alike) alike.presets.push(preset)
      else outputs.push({ presets: [preset], format, source, isBright })
    }
  }
  return outputs
}
