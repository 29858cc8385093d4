import { mkdtempDisposable, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import sharp from 'sharp'
import { describe, expect, test } from 'vitest'
import { tableOf } from '../src/photo/look/color-table.ts'
import { type CompiledLook, lookAt } from '../src/photo/look/compiled-look.ts'
import { toCube } from '../src/photo/look/cube.ts'
import type { FilterName } from '../src/photo/look/filter.ts'
import { colorDifference, labOf } from '../workers/renditions/color/color-difference.ts'
import { decode } from '../workers/renditions/decode.ts'
import { applyLook } from '../workers/renditions/look/apply-look.ts'
import { lookOf } from '../workers/renditions/look/look-of.ts'
import type { Pixels } from '../workers/renditions/pixels.ts'
import { readHeader } from '../workers/renditions/read-header.ts'
import { openPreviewPage, testWithChromium } from './support/browser.ts'
import { fixture, noisyJpeg } from './support/pictures.ts'
import { startService } from './support/service.ts'

const WIDTH = 256

describe('a preview drawn by WebGL, of every filter', () => {
  // Half of the filters as renditions are, the others from each of the two files: both are of one table.
  for (const [source, extension, sampling, isMeant] of [
    [
      'from the .cube, between four points as renditions are',
      'cube',
      'tetrahedral',
      (i: number) => i % 2 === 0,
    ],
    ["from the .cube, by the sampler's own interpolation", 'cube', 'trilinear', (i: number) => i % 4 === 1],
    ["from the HALD, by the sampler's own interpolation", 'png', 'trilinear', (i: number) => i % 4 === 3],
  ] as const) {
    testWithChromium(
      `${source}, is what the server makes`,
      async ({ annotate }) => {
        await using folder = await folderWithFilter()
        await using service = await startService({ FILTERS_DIR: folder.path })
        await using page = await openPreviewPage()
        const decoded = await decodedPictures()
        const picture = await toPng(decoded)

        const differences: number[] = []
        for (const [i, { name, effects }] of service.filters.all.entries()) {
          if (!isMeant(i)) continue
          const table = `${service.url}/v1/filters/${name}.${extension}`
          for (const strength of i % 3 === 0 ? [1, 0.35] : [1]) {
            const made = withLook(decoded, await lookOf({ filter: name, strength }, service.filters))
            const shown = await page.preview({ picture, table, sampling, strength, ...effects })
            for (const difference of differencesOf(made, shown)) differences.push(difference)
          }
        }

        const { mean, percentile99 } = summaryOf(differences)
        await annotate(`ΔE2000 mean ${mean.toFixed(3)}, 99th percentile ${percentile99.toFixed(3)}`)
        // A table read half a texel beside its points gives 0.47 and 1.3.
        expect(mean).toBeLessThanOrEqual(0.2)
        expect(percentile99).toBeLessThanOrEqual(1)
      },
      240_000,
    )
  }
})

testWithChromium(
  'a preview has the vignette and the grain that the server makes, much of both',
  async ({ annotate }) => {
    await using service = await startService()
    await using page = await openPreviewPage()
    const header = await readHeader(await noisyJpeg({ width: 1024, height: 768 }), 1e7)
    const decoded = await decode(header, { width: 640, height: 480 }, 1e7)
    const [look, strength] = [{ vignette: 0.9, grain: 0.6 }, 0.7]
    const table = await service.filters.get('honey' as FilterName).table()

    const made = withLook(decoded, lookAt({ table, effects: look }, strength))
    const shown = await page.preview({
      picture: await toPng(decoded),
      table: `${service.url}/v1/filters/honey.cube`,
      sampling: 'tetrahedral',
      strength,
      ...look,
    })

    const { mean, percentile99 } = summaryOf([...differencesOf(made, shown)])
    await annotate(`ΔE2000 mean ${mean.toFixed(3)}, 99th percentile ${percentile99.toFixed(3)}`)
    expect(mean).toBeLessThanOrEqual(0.4)
    expect(percentile99).toBeLessThanOrEqual(1.5)
  },
)

describe('the measure of colour differences', () => {
  // Pairs 1, 7, 9, 16, 17 and 25 of the published test data.
  test.each([
    [[50, 2.6772, -79.7751], [50, 0, -82.7485], 2.0425],
    [[50, 0, 0], [50, -1, 2], 2.3669],
    [[50, 2.49, -0.001], [50, -2.49, 0.0009], 7.1792],
    [[50, 2.5, 0], [50, 0, -2.5], 4.3065],
    [[50, 2.5, 0], [73, 25, -18], 27.1492],
    [[60.2574, -34.0099, 36.2677], [60.4626, -34.1751, 39.4387], 1.2644],
  ] as const)('gives what its authors do for %j and %j', (one, other, expected) => {
    expect(colorDifference(one, other)).toBeCloseTo(expected, 4)
    expect(colorDifference(other, one)).toBeCloseTo(expected, 4)
  })
})

/** An operator's own filter: colours turned round by their light, of other points than ours. */
async function folderWithFilter() {
  const folder = await mkdtempDisposable(join(tmpdir(), 'darkroom-filters-'))
  const turned = tableOf(17, (red, green, blue) => {
    const light = (red + green + blue) / 3
    const turn = (from: number, to: number) => from + 0.5 * light * (to - from)
    return [turn(red, green) ** 1.2, turn(green, blue) ** 0.9, turn(blue, red)]
  })
  await writeFile(join(folder.path, 'turned.cube'), toCube(turned, 'Turned'))
  return folder
}

/** One above the other, as a worker decodes them: a scene, grain, a phone's colours, and colours of every kind. */
async function decodedPictures(): Promise<Pixels> {
  const pictures = [
    { original: await fixture('sample.jpg'), height: 48 },
    { original: await noisyJpeg({ width: 1024, height: 768 }), height: 48 },
    { original: await fixture('display-p3.jpg'), height: 12 },
    { original: await toPng(colorsOfEveryKind()), height: 16 },
  ]
  const decoded = await Promise.all(
    pictures.map(async ({ original, height }) => {
      const header = await readHeader(original, 1e7)
      return await decode(header, { width: WIDTH, height }, 1e7)
    }),
  )
  const data = Buffer.concat(decoded.map((picture) => picture.data))
  return { data, width: WIDTH, height: data.length / 3 / WIDTH, channels: 3 }
}

/** 16 steps of each channel, as good as none of which is a point of a table. */
function colorsOfEveryKind(): Pixels {
  const data = Buffer.from(
    Array.from({ length: 16 ** 3 }, (_, i) => [i % 16, (i >> 4) % 16, i >> 8])
      .flat()
      .map((step) => step * 17),
  )
  return { data, width: WIDTH, height: 16, channels: 3 }
}

async function toPng({ data, width, height, channels }: Pixels): Promise<Buffer> {
  return await sharp(data, { raw: { width, height, channels } }).png().toBuffer()
}

function withLook(picture: Pixels, look: CompiledLook): Pixels {
  const copy = { ...picture, data: Buffer.from(picture.data) }
  applyLook(copy, look)
  return copy
}

/** ΔE2000 of each pixel of RGB to one of RGBA. */
function* differencesOf({ data }: Pixels, rgba: Buffer): Generator<number> {
  for (let i = 0, j = 0; i < data.length; i += 3, j += 4) {
    const [made, shown] = [data.readUIntBE(i, 3), rgba.readUIntBE(j, 3)]
    yield made === shown ? 0 : colorDifference(labOf(made), labOf(shown))
  }
}

function summaryOf(differences: readonly number[]): { mean: number; percentile99: number } {
  const sorted = Float64Array.from(differences).sort()
  return {
    mean: sorted.reduce((sum, value) => sum + value, 0) / sorted.length,
    percentile99: sorted[Math.floor(sorted.length * 0.99)] as number,
  }
}
