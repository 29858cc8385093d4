import { colorDifference, type Lab, labOf } from './color/color-difference.ts'
import { asCorruptPhoto } from './corrupt-photo.ts'
import { sharp } from './sharp.ts'

/** The longer side of what pictures are compared at: enough for what they show, and little enough for every encoder. */
const SIDE = 64

/** A file as it is seen from afar, and the size that it has. */
export type SeenFile = {
  width: number
  height: number
  small: { width: number; height: number; colors: Lab[] }
}

/** How far two pictures of one shape are apart. */
export type Likeness = {
  /** The mean ΔE2000. */
  difference: number
  /** Of what is light and dark in them, from -1 to 1; 1 for a picture of one colour. */
  correlation: number
}

/** Decodes all of the file's first frame. Throws CorruptPhotoError when it can't be. */
export async function seeFile(file: Buffer): Promise<SeenFile> {
  const { width, height } = await asCorruptPhoto(sharp(file).metadata())
  const scale = SIDE / Math.max(width, height)
  const size = {
    width: Math.max(1, Math.round(width * scale)),
    height: Math.max(1, Math.round(height * scale)),
  }
  const decoded = sharp(file, { failOn: 'warning' })
    .resize(size.width, size.height, { fit: 'fill' })
    .flatten({ background: '#fff' })
    .toColourspace('srgb')
    .raw()
    .toBuffer()
  const data = await asCorruptPhoto(decoded)
  const colors = Array.from({ length: size.width * size.height }, (_, pixel) =>
    labOf(data.readUIntBE(pixel * 3, 3)),
  )
  return { width, height, small: { ...size, colors } }
}

/** Null for pictures of different shapes, such as one that lies on its side. */
export function likenessOf({ small: a }: SeenFile, { small: b }: SeenFile): Likeness | null {
  if (Math.abs(a.width - b.width) > 1 || Math.abs(a.height - b.height) > 1) return null
  const [width, height] = [Math.min(a.width, b.width), Math.min(a.height, b.height)]
  const pairs: [Lab, Lab][] = []
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++)
      pairs.push([a.colors[y * a.width + x] as Lab, b.colors[y * b.width + x] as Lab])
  }
  const difference = pairs.reduce((sum, [one, other]) => sum + colorDifference(one, other), 0) / pairs.length
  return { difference, correlation: correlationOf(pairs.map(([[one], [other]]) => [one, other])) }
}

function correlationOf(pairs: readonly (readonly [number, number])[]): number {
  const mean = (of: 0 | 1) => pairs.reduce((sum, pair) => sum + pair[of], 0) / pairs.length
  const [meanA, meanB] = [mean(0), mean(1)]
  let [both, alone, other] = [0, 0, 0]
  for (const [a, b] of pairs) {
    both += (a - meanA) * (b - meanB)
    alone += (a - meanA) ** 2
    other += (b - meanB) ** 2
  }
  // Of one colour: nothing in it is light or dark.
  const isPlain = Math.min(alone, other) / pairs.length < 0.5
  return isPlain ? 1 : both / Math.sqrt(alone * other)
}
