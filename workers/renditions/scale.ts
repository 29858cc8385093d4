import { cropAround, type Size } from '../../src/photo/fit.ts'
import type { Focus } from '../../src/photo/photo.ts'
import type { Pixels } from './pixels.ts'
import { sharp } from './sharp.ts'

/** The whole picture at that size; the picture itself when it has that size already. */
export async function scaleTo(picture: Pixels, { width, height }: Size): Promise<Pixels> {
  if (picture.width === width && picture.height === height) return picture
  const data = await open(picture).resize(width, height, { fit: 'fill' }).raw().toBuffer()
  return { ...picture, data, width, height }
}

/** The part around the focus at that size; without a focus, the part libvips finds worth attention. */
export async function cropTo(picture: Pixels, { width, height }: Size, focus: Focus | null): Promise<Pixels> {
  const part = focus
    ? open(picture)
        .extract(cropAround(focus, picture, { width, height }))
        .resize(width, height, { fit: 'fill' })
    : open(picture).resize(width, height, { fit: 'cover', position: 'attention' })
  return { ...picture, data: await part.raw().toBuffer(), width, height }
}

function open({ data, width, height, channels }: Pixels) {
  return sharp(data, { raw: { width, height, channels } })
}
