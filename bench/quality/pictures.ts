import { readdir, readFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import sharp, { type OverlayOptions, type Sharp } from 'sharp'
import { drawScene } from '../../fixtures/scene.ts'
import { DarkroomError } from '../../src/errors.ts'
import { renditionSize } from '../../src/photo/fit.ts'
import { decode } from '../../workers/renditions/decode.ts'
import type { Pixels } from '../../workers/renditions/pixels.ts'
import { readHeader } from '../../workers/renditions/read-header.ts'
import { letter } from '../../workers/renditions/sheets/letters.ts'
import { drawPhoto } from '../photo.ts'

/** Pixels as a worker encodes them: upright, opaque, at the width that is measured. */
export type Picture = { name: string; pixels: Pixels }

const MAX_PIXELS = 3e8
const TEXT = [
  'the quick brown fox',
  'jumps over the lazy dog',
  '0123456789',
  'pack my box with',
  'five dozen liquor jugs',
]

/** Pictures of all kinds, drawn here, and those of the folders that can be read. */
export async function openPictures(folders: readonly string[], width: number): Promise<Picture[]> {
  const pictures: Picture[] = []
  for (const [name, file] of await drawnFiles()) pictures.push({ name, pixels: await pixelsOf(file, width) })
  for (const folder of folders) {
    for (const name of (await readdir(folder)).sort()) {
      const file = await readFile(join(folder, name))
      const pixels = await pixelsOf(file, width).catch((error: Error) => error)
      if (pixels instanceof DarkroomError) console.error(`${name} is left out: ${pixels.message}`)
      else if (pixels instanceof Error) throw pixels
      else pictures.push({ name: basename(name), pixels })
    }
  }
  return pictures
}

async function pixelsOf(file: Buffer, width: number): Promise<Pixels> {
  const header = await readHeader(file, MAX_PIXELS)
  const size = renditionSize(header, { fit: 'inside', width, area: 2 * width ** 2 })
  const pixels = await decode(header, size, MAX_PIXELS)
  if (pixels.channels === 3) return pixels
  const raw = { width: pixels.width, height: pixels.height, channels: 4 } as const
  const data = await sharp(pixels.data, { raw }).flatten({ background: '#ffffff' }).raw().toBuffer()
  return { ...pixels, data, channels: 3 }
}

async function drawnFiles(): Promise<[name: string, file: Buffer][]> {
  // What workers refuse to read, and we draw with.
  sharp.unblock({ operation: ['VipsForeignLoadSvg'] })
  const scene = await drawScene()
  const photo = await drawPhoto({ width: 1632, height: 1224, quality: 92 })
  const views = [
    ['landscape', { left: 0, top: 0, width: 1600, height: 1200 }],
    ['sky', { left: 0, top: 0, width: 1200, height: 900 }],
    ['lake', { left: 300, top: 300, width: 1200, height: 800 }],
    ['meadow', { left: 0, top: 500, width: 1000, height: 700 }],
    ['portrait', { left: 100, top: 0, width: 900, height: 1200 }],
    ['faces', { left: 420, top: 560, width: 760, height: 600 }],
    ['leaves', { left: 1000, top: 0, width: 600, height: 1200 }],
    ['tall view', { left: 600, top: 0, width: 500, height: 1200 }],
  ] as const
  const turned = await Promise.all(
    views.map(async ([name, view], i): Promise<[string, Buffer]> => {
      const image = grainy(sharp(scene).extract(view), view, 3 + i)
      return [
        `${name}, orientation ${i + 1}`,
        await image
          .jpeg({ quality: 92 })
          .withMetadata({ orientation: i + 1 })
          .toBuffer(),
      ]
    }),
  )
  const dark = sharp(scene).linear(0.12, 4).modulate({ saturation: 1.4 })
  const size = { width: 1600, height: 1200 }
  return [
    ...turned,
    ['photo with grain', photo],
    ['soft photo', await sharp(photo).blur(3).jpeg({ quality: 92 }).toBuffer()],
    [
      'night',
      await grainy(sharp(await dark.toBuffer()), size, 10)
        .jpeg({ quality: 92 })
        .toBuffer(),
    ],
    ['neon at night', await neon().jpeg({ quality: 95, chromaSubsampling: '4:4:4' }).toBuffer()],
    ['noise', await grainy(sharp(photo), { width: 1632, height: 1224 }, 45).jpeg({ quality: 92 }).toBuffer()],
    [
      'page of text',
      await writing({ ink: [20, 20, 24], paper: '#ffffff' })
        .png()
        .toBuffer(),
    ],
    [
      'text in colours',
      await writing({ ink: [200, 30, 60], paper: '#1c2440' })
        .png()
        .toBuffer(),
    ],
    ['screenshot', await (await screenshot(scene)).png().toBuffer()],
    ['drawing', await sharp(Buffer.from(DRAWING)).png().toBuffer()],
    ['line drawing', await sharp(Buffer.from(LINES)).flatten({ background: '#ffffff' }).png().toBuffer()],
  ]
}

/** As a sensor's. */
function grainy(image: Sharp, { width, height }: { width: number; height: number }, sigma: number): Sharp {
  const noise = {
    width,
    height,
    channels: 3,
    background: '#808080',
    noise: { type: 'gaussian', mean: 128, sigma },
  } as const
  return image.composite([{ input: { create: noise }, blend: 'hard-light' }])
}

function neon(): Sharp {
  const tubes = ['#ff2a6d', '#05d9e8', '#f9f871', '#7a04eb', '#ff6c11', '#39ff14']
  const paths = tubes.map(
    (color, i) =>
      `<path d="M${60 + i * 150} 700 q60 -${420 - i * 30} 130 -${300 - i * 20} t-40 ${190 + i * 20}" fill="none" stroke="${color}" stroke-width="7"/>`,
  )
  return sharp(
    Buffer.from(
      `<svg xmlns="http://www.w3.org/2000/svg" width="1000" height="800"><defs><filter id="g"><feGaussianBlur stdDeviation="14"/></filter></defs><rect width="1000" height="800" fill="#07060f"/><g filter="url(#g)">${paths.join('')}</g>${paths.join('')}</svg>`,
    ),
  )
}

type Rgb = readonly [number, number, number]

function lines(ink: Rgb, left: number, top: number, count: number): OverlayOptions[] {
  return Array.from({ length: count }, (_, i) => {
    const { data, width, height } = letter(TEXT[i % TEXT.length] as string, { width: 400, height: 28, ink })
    return { input: data, raw: { width, height, channels: 4 }, left, top: top + 30 * i }
  })
}

function writing({ ink, paper }: { ink: Rgb; paper: string }): Sharp {
  const page = { width: 440, height: 860, channels: 3, background: paper } as const
  return sharp({ create: page }).composite(lines(ink, 30, 30, 26))
}

/** A bar, a picture, words and buttons. */
async function screenshot(scene: Buffer): Promise<Sharp> {
  const picture = await sharp(scene).resize(640, 480).toBuffer()
  const bars = Buffer.from(
    `<svg xmlns="http://www.w3.org/2000/svg" width="640" height="1380"><rect width="640" height="96" fill="#3b5bdb"/><circle cx="56" cy="50" r="26" fill="#fff"/>${[0, 1, 2].map((i) => `<rect x="${30 + i * 200}" y="1240" rx="20" width="180" height="80" fill="${['#e64980', '#12b886', '#fab005'][i]}"/>`).join('')}<path d="M0 1210h640" stroke="#ced4da"/></svg>`,
  )
  return sharp({ create: { width: 640, height: 1380, channels: 3, background: '#f8f9fa' } }).composite([
    { input: bars },
    { input: picture, left: 0, top: 96 },
    ...lines([33, 37, 41], 30, 600, 19),
  ])
}

const DRAWING = `<svg xmlns="http://www.w3.org/2000/svg" width="800" height="600"><rect width="800" height="600" fill="#ffe8cc"/><circle cx="620" cy="140" r="80" fill="#ff922b"/><path d="M0 430 L220 180 L400 430 L560 250 L800 470 V600 H0Z" fill="#4263eb" stroke="#101a4a" stroke-width="6"/><path d="M0 500 q200 -80 400 0 t400 0 V600 H0Z" fill="#2b8a3e" stroke="#0b2e14" stroke-width="6"/>${Array.from({ length: 14 }, (_, i) => `<path d="M${40 + i * 54} 560 l18 -70 l18 70Z" fill="${i % 2 ? '#e03131' : '#f06595'}" stroke="#000" stroke-width="3"/>`).join('')}</svg>`
const LINES = `<svg xmlns="http://www.w3.org/2000/svg" width="800" height="800">${Array.from({ length: 60 }, (_, i) => `<circle cx="${400 + 3 * (i % 7)}" cy="${400 - 2 * (i % 5)}" r="${8 + i * 6.3}" fill="none" stroke="#${i % 3 ? '222' : '1864ab'}" stroke-width="${1 + (i % 3)}"/>`).join('')}</svg>`
