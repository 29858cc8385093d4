// What most people write: a pipeline from the original for every rendition, with the same bytes in and out of the store.
import sharp from 'sharp'
import { loadConfig } from '../../src/config/config.ts'
import { originalKey, renditionKey } from '../../src/photo/object-keys.ts'
import type { PhotoId } from '../../src/photo/photo-id.ts'
import { PRESETS, type PresetName } from '../../src/photo/presets.ts'
import { READY_RENDITIONS, recipeDigest, recipeOf } from '../../src/photo/recipe.ts'
import { DiskStore } from '../../src/storage/disk-store.ts'
import { plainEncode } from '../plain-encode.ts'
import type { Rendered, RenderQuestion } from '../render-crew.ts'
import { answer } from '../script-process.ts'

type Format = (typeof READY_RENDITIONS.formats)[number]

const { store: config } = loadConfig(process.env)
if (config.kind !== 'disk') throw new Error('This line is measured on the embedded engines.')
const store = await DiskStore.open(config.root)

answer<RenderQuestion, Rendered[]>(async ({ photoIds }) => {
  const rendered: Rendered[] = []
  for (const photoId of photoIds) rendered.push({ bytes: await render(photoId) })
  return rendered
})

async function render(photoId: PhotoId): Promise<number> {
  const original = await store.read(originalKey(photoId, 'jpeg'))
  const wanted = READY_RENDITIONS.presets.flatMap((preset) =>
    READY_RENDITIONS.formats.map((format) => ({ preset, format })),
  )
  const sizes = await Promise.all(
    wanted.map(async ({ preset, format }) => {
      const body = await encode(original, preset, format)
      const digest = recipeDigest(recipeOf(preset, format, null))
      const { size } = await store.put(renditionKey(photoId, { preset, format, digest }), body)
      return size
    }),
  )
  return sizes.reduce((sum, size) => sum + size, 0)
}

async function encode(original: Buffer, preset: PresetName, format: Format): Promise<Buffer> {
  const { width, height, fit } = PRESETS[preset]
  const image = sharp(original)
    .autoOrient()
    .resize({ width, height, fit, position: 'attention', withoutEnlargement: true })
  return await plainEncode(image, format)
}
