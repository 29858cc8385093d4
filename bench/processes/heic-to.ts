// What a worker, which is warm, does with a HEIC photo: decodes it as it needs it, at its largest rendition's size in
// sRGB; or what heif-convert does: all of it, in the profile it is in, into a JPEG of quality 92.
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { scaledFor } from '../../src/photo/fit.ts'
import { decodeHeic } from '../../workers/renditions/heic/decode-heic.ts'
import { readHeader } from '../../workers/renditions/read-header.ts'
import { sharp } from '../../workers/renditions/sharp.ts'
import { presetCalled } from '../renditions.ts'
import { answer } from '../script-process.ts'

export type HeicQuestion = { to: 'pixels' | 'jpeg' }
export type HeicCost = { seconds: number; cpuSeconds: number }

const MAX_PIXELS = 1e8
const [photo = '', folder = ''] = process.argv.slice(2)

async function decodeToPixels(): Promise<void> {
  const original = await readFile(photo)
  const header = await readHeader(original, MAX_PIXELS)
  await decodeHeic(original, header.color, scaledFor(header, presetCalled('full')), MAX_PIXELS)
}

async function decodeToJpeg(): Promise<void> {
  const original = await readFile(photo)
  const header = await readHeader(original, MAX_PIXELS)
  const color = { ...header.color, meaning: { kind: 'usual' } } as const
  const { data, ...raw } = await decodeHeic(original, color, header, MAX_PIXELS)
  await sharp(data, { raw }).jpeg({ quality: 92 }).toFile(join(folder, 'ours.jpg'))
}

answer<HeicQuestion, HeicCost>(async ({ to }) => {
  const [startedAt, before] = [performance.now(), process.cpuUsage()]
  await (to === 'pixels' ? decodeToPixels() : decodeToJpeg())
  const { user, system } = process.cpuUsage(before)
  return { seconds: (performance.now() - startedAt) / 1000, cpuSeconds: (user + system) / 1e6 }
})
