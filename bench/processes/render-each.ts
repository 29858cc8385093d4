// What most people write: a pipeline from the original for every rendition, with the same bytes in and out of the store.

import sharp from 'sharp'
import { loadConfig } from '../../src/config/config.ts'
import { originalKey, type Place, renditionKey } from '../../src/photo/object-keys.ts'
import type { PhotoId } from '../../src/photo/photo-id.ts'
import { recipeDigest } from '../../src/photo/recipe.ts'
import { newSecret } from '../../src/photo/secret.ts'
import { DiskStore } from '../../src/storage/disk-store.ts'
import { plainEncode } from '../plain-encode.ts'
import type { Rendered, RenderQuestion } from '../render-crew.ts'
import { readyRenditionsOf } from '../renditions.ts'
import { answer } from '../script-process.ts'

const { store: config } = loadConfig(process.env)
if (config.kind !== 'disk') throw new Error('This line is measured on the embedded engines.')
const store = await DiskStore.open(config.root)

answer<RenderQuestion, Rendered[]>(async ({ photoIds }) => {
  const rendered: Rendered[] = []
  for (const photoId of photoIds) rendered.push({ bytes: await render(photoId) })
  return rendered
})

async function render(photoId: PhotoId): Promise<number> {
  const place: Place = { id: photoId, visibility: 'public', secret: newSecret() }
  const original = await store.read(originalKey(photoId, 'jpeg'))
  const wanted = readyRenditionsOf(await sharp(original).metadata())
  const sizes = await Promise.all(
    wanted.map(async ({ preset, format, width, height }) => {
      const { fit } = preset
      const image = sharp(original).autoOrient().resize({ width, height, fit, position: 'attention' })
      const body = await plainEncode(image, format)
      const digest = recipeDigest({ preset, format, look: null, edition: 0 })
      const key = renditionKey(place, { preset: preset.name, format, digest })
      const { size } = await store.put(key, body)
      return size
    }),
  )
  return sizes.reduce((sum, size) => sum + size, 0)
}
