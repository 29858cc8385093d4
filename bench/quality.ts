// node bench/quality.ts PHOTO…: bytes, butteraugli's distance and CPU time of encoder settings, at the size of a feed.
// Wants `butteraugli` (Debian has a package of that name).
import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import sharp, { type AvifOptions, type JpegOptions, type WebpOptions } from 'sharp'
import { renditionSize } from '../src/photo/fit.ts'
import { presetCalled } from './renditions.ts'

type Setting =
  | ({ format: 'jpeg' } & JpegOptions)
  | ({ format: 'webp' } & WebpOptions)
  | ({ format: 'avif' } & AvifOptions)
type Measured = { bytes: number; distance: number; ms: number }

const SETTINGS: readonly Setting[] = [
  ...[72, 76, 80, 84].flatMap((quality): Setting[] => [
    { format: 'jpeg', quality, progressive: true },
    { format: 'jpeg', quality, progressive: true, quantisationTable: 3 },
    { format: 'jpeg', quality, progressive: true, quantisationTable: 3, trellisQuantisation: true },
    { format: 'jpeg', quality, mozjpeg: true },
    { format: 'jpeg', quality, progressive: true, chromaSubsampling: '4:4:4' },
  ]),
  ...[74, 78, 80, 82, 86].flatMap((quality): Setting[] => [
    { format: 'webp', quality, effort: 2 },
    { format: 'webp', quality, effort: 4 },
    { format: 'webp', quality, effort: 2, smartSubsample: true },
  ]),
  ...[48, 54, 58, 60, 66].flatMap((quality): Setting[] => [
    { format: 'avif', quality, effort: 1, chromaSubsampling: '4:2:0' },
    { format: 'avif', quality, effort: 2, chromaSubsampling: '4:2:0' },
    { format: 'avif', quality, effort: 2, chromaSubsampling: '4:4:4' },
    { format: 'avif', quality, effort: 4, chromaSubsampling: '4:2:0' },
  ]),
]

sharp.concurrency(1)
sharp.cache(false)
const folder = await mkdtemp(join(tmpdir(), 'darkroom-quality-'))
try {
  const measured = new Map<Setting, Measured[]>(SETTINGS.map((setting) => [setting, []]))
  for (const photo of process.argv.slice(2)) {
    const { autoOrient } = await sharp(photo).metadata()
    const { width, height } = renditionSize(autoOrient, presetCalled('feed'))
    const image = sharp(photo).autoOrient().resize(width, height, { fit: 'fill' })
    const { data, info } = await image.removeAlpha().raw().toBuffer({ resolveWithObject: true })
    const raw = { width: info.width, height: info.height, channels: 3 } as const
    const reference = join(folder, 'reference.png')
    await sharp(data, { raw }).png().toFile(reference)
    for (const setting of SETTINGS) measured.get(setting)?.push(await measure(data, raw, setting, reference))
  }
  console.log(' kB each  distance  largest  ms each  setting')
  for (const [setting, results] of measured) console.log(lineOf(setting, results))
} finally {
  await rm(folder, { recursive: true })
}

async function measure(
  data: Buffer,
  raw: { width: number; height: number; channels: 3 },
  { format, ...options }: Setting,
  reference: string,
): Promise<Measured> {
  const before = process.cpuUsage()
  const body = await sharp(data, { raw }).toFormat(format, options).toBuffer()
  const { user, system } = process.cpuUsage(before)
  const shown = join(folder, 'shown.png')
  await sharp(body).png({ compressionLevel: 1 }).toFile(shown)
  const { stdout } = await promisify(execFile)('butteraugli', [reference, shown])
  return { bytes: body.length, distance: Number(stdout), ms: (user + system) / 1000 }
}

function lineOf(setting: Setting, results: readonly Measured[]): string {
  const mean = (of: (one: Measured) => number) =>
    Math.exp(results.reduce((sum, one) => sum + Math.log(of(one)), 0) / results.length)
  const largest = Math.max(...results.map(({ distance }) => distance))
  const cells = [
    mean(({ bytes }) => bytes / 1000).toFixed(1),
    mean(({ distance }) => distance).toFixed(2),
    largest.toFixed(2),
    mean(({ ms }) => ms).toFixed(0),
  ]
  return `${cells.map((cell) => cell.padStart(8)).join(' ')}  ${JSON.stringify(setting)}`
}
