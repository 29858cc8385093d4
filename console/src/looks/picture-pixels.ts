import type { Picture } from './look-shader.ts'

/** More than any rendition of the built-in presets has. */
const MOST_PIXELS = 4_000_000

/**
 * The pixels of a picture, in sRGB as renditions are; scaled down where there are more than 4 million. In a worker: the browser
 * decodes beside the page.
 */
export async function fetchPicture(url: string): Promise<Picture> {
  const reply = await fetch(url)
  if (!reply.ok) throw new Error(`${reply.status} ${reply.statusText}`)
  const bitmap = await createImageBitmap(await reply.blob())
  const share = Math.min(1, Math.sqrt(MOST_PIXELS / (bitmap.width * bitmap.height)))
  const width = Math.max(1, Math.round(bitmap.width * share))
  const height = Math.max(1, Math.round(bitmap.height * share))
  const context = new OffscreenCanvas(width, height).getContext('2d', { willReadFrequently: true })
  if (!context) throw new Error('This browser has no canvas.')
  context.drawImage(bitmap, 0, 0, width, height)
  bitmap.close()
  return { width, height, data: context.getImageData(0, 0, width, height).data }
}
