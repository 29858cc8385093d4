import { rgbaToThumbHash } from 'thumbhash'
import type { PhotoFacts } from '../../src/photo/photo.ts'
import type { Pixels } from './pixels.ts'
import { sharp } from './sharp.ts'

/** Thumbhash takes 100 and keeps seven waves along it: this shows them as well, for a third of the time. */
const MAX_SIDE = 56

/** What an app shows before the first rendition arrives: the dominant colour, then a blurred picture of 25 bytes. */
export async function placeholderOf({
  data,
  width,
  height,
  channels,
}: Pixels): Promise<Pick<PhotoFacts, 'color' | 'thumbhash'>> {
  const { data: rgba, info } = await sharp(data, { raw: { width, height, channels } })
    .resize(MAX_SIDE, MAX_SIDE, { fit: 'inside', withoutEnlargement: true })
    .ensureAlpha()
    .raw()
    .toBuffer({ resolveWithObject: true })
  return {
    color: dominantColor(rgba),
    thumbhash: Buffer.from(rgbaToThumbHash(info.width, info.height, rgba)).toString('base64'),
  }
}

/** The mean of the colours in the fullest of 512 boxes of alike colours. White for a picture that shows nothing. */
function dominantColor(rgba: Buffer): string {
  const boxes = Array.from({ length: 512 }, () => ({ count: 0, red: 0, green: 0, blue: 0 }))
  for (let i = 0; i < rgba.length; i += 4) {
    const [red, green, blue, alpha] = rgba.subarray(i, i + 4) as unknown as [number, number, number, number]
    if (alpha < 128) continue
    const box = boxes[((red >> 5) << 6) | ((green >> 5) << 3) | (blue >> 5)] as (typeof boxes)[number]
    box.count += 1
    box.red += red
    box.green += green
    box.blue += blue
  }
  const { count, red, green, blue } = boxes.reduce((fullest, box) =>
    box.count > fullest.count ? box : fullest,
  )
  if (count === 0) return '#ffffff'
  const hex = (sum: number) =>
    Math.round(sum / count)
      .toString(16)
      .padStart(2, '0')
  return `#${hex(red)}${hex(green)}${hex(blue)}`
}

/** The placeholder of an encoded picture, such as a rendition that is stored already. */
export async function placeholderOfFile(file: Buffer): Promise<Pick<PhotoFacts, 'color' | 'thumbhash'>> {
  const { data, info } = await sharp(file).raw().toBuffer({ resolveWithObject: true })
  const { width, height } = info
  return await placeholderOf({ data, width, height, channels: info.channels as 3 | 4 })
}
