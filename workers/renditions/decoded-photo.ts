import type { FilterBook } from '../../src/filters/filter-book.ts'
import { renditionSize, type Size, scaledFor } from '../../src/photo/fit.ts'
import type { CompiledLook } from '../../src/photo/look/compiled-look.ts'
import type { AppliedLook, Look } from '../../src/photo/look/look.ts'
import type { Focus, PhotoFacts } from '../../src/photo/photo.ts'
import type { PictureKind, Preset } from '../../src/photo/presets.ts'
import { decode } from './decode.ts'
import { applyLook } from './look/apply-look.ts'
import { lookOf } from './look/look-of.ts'
import { free, type Pixels } from './pixels.ts'
import { placeholderOf } from './placeholder.ts'
import { type Header, readHeader } from './read-header.ts'
import { cropTo, scaleTo } from './scale.ts'

/** What a photo is decoded for. */
export type DecodeOptions = { look: Look | null; focus: Focus | null; presets: readonly Preset[] }

/** A look, and what it does to pixels. */
export type PictureLook = { applied: AppliedLook; compiled: CompiledLook }

/**
 * A photo that was decoded once, and the picture of each preset: in its look, each made from the next larger one while
 * that is being encoded. A small photo is the same picture in several presets. Disposing gives the memory of all of it
 * back, the original's too.
 */
export class DecodedPhoto implements AsyncDisposable {
  readonly header: Header
  readonly original: Buffer
  readonly look: PictureLook | null
  readonly kind: PictureKind
  /** Largest first. */
  readonly pictures: ReadonlyMap<Preset, Promise<Pixels>>
  /** Of the picture with its look. */
  readonly facts: Promise<PhotoFacts>

  constructor(
    { header, original, look }: Pick<DecodedPhoto, 'header' | 'original' | 'look'>,
    decoded: Pixels,
    { focus, presets }: Pick<DecodeOptions, 'focus' | 'presets'>,
  ) {
    this.header = header
    this.original = original
    this.look = look
    this.kind = { isTransparent: decoded.channels === 4, moves: header.animation !== null }
    let whole = { picture: Promise.resolve(decoded), width: decoded.width, height: decoded.height }
    const pictures = presets.map((preset): [Preset, Promise<Pixels>] => {
      const size = renditionSize(header, preset)
      if (preset.fit === 'cover')
        return [preset, whole.picture.then((picture) => cropTo(picture, size, focus))]
      if (whole.width !== size.width || whole.height !== size.height)
        whole = { picture: whole.picture.then((picture) => scaleTo(picture, size)), ...size }
      return [preset, whole.picture]
    })
    this.pictures = new Map(pictures)
    const { width, height } = header
    this.facts = whole.picture
      .then(placeholderOf)
      .then((placeholder): PhotoFacts => ({ width, height, ...placeholder }))
    // Whoever needs one is told that it failed.
    for (const made of [this.facts, ...this.pictures.values()]) made.catch(() => {})
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const [, ...pictures] = await Promise.allSettled([this.facts, ...this.pictures.values()])
    const made = pictures.flatMap((picture) => (picture.status === 'fulfilled' ? [picture.value.data] : []))
    free([this.original, ...made])
  }
}

/**
 * Decodes the original at the size of the largest preset, and begins to make the others from it.
 *
 * Throws TooManyPixelsError and UnsupportedPhotoError, before a pixel is decoded where its header tells,
 * CorruptPhotoError when the original can't be read whole, and FilterMissingError when there is no such filter here.
 */
export async function decodePhoto(
  original: Buffer,
  { look, focus, presets }: DecodeOptions,
  { maxPixels, filters }: { maxPixels: number; filters: FilterBook },
): Promise<DecodedPhoto> {
  const inLook = look && { applied: filters.applied(look), compiled: await lookOf(look, filters) }
  const header = await readHeader(original, maxPixels)
  const largestFirst = presets.toSorted(largestFirstIn(header))
  const [largest] = largestFirst
  if (!largest) throw new Error('Pictures of no preset are asked for.')
  const decoded = await decode(header, scaledFor(header, largest), maxPixels)
  if (inLook) applyLook(decoded, inLook.compiled)
  return new DecodedPhoto({ header, original, look: inLook }, decoded, { focus, presets: largestFirst })
}

/** One that crops comes behind one of the same scale: it is cut from it. */
function largestFirstIn(photo: Size): (a: Preset, b: Preset) => number {
  const area = (preset: Preset) => {
    const { width, height } = scaledFor(photo, preset)
    return width * height
  }
  const crops = (preset: Preset) => Number(preset.fit === 'cover')
  return (a, b) => area(b) - area(a) || crops(a) - crops(b)
}
