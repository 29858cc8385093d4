import type { Catalog } from '../../src/catalog/catalog.ts'
import type { NewPhoto } from '../../src/catalog/photos/photos.ts'
import type { FilterName } from '../../src/photo/look/filter.ts'
import type { Photo, Visibility } from '../../src/photo/photo.ts'
import type { PhotoId } from '../../src/photo/photo-id.ts'
import { newSecret } from '../../src/photo/secret.ts'
import type { OwnerId } from '../../src/photo/shard.ts'
import { insertPhoto } from './photos.ts'

// What servers and workers do to a photo, in the catalog alone.

export const MADE = {
  facts: { width: 4, height: 3, color: '#8a6f5b', thumbhash: 'AQID' },
  renditions: [{ preset: 'feed', format: 'jpeg', digest: '00000001', width: 4, height: 3, bytes: 12 }],
  recipe: 1,
} as const

/** As a worker does that has made a photo's first renditions. */
export async function finishPhoto(catalog: Catalog, id: PhotoId): Promise<void> {
  const photo = await catalog.photos.find(id)
  if (photo) await catalog.renditions.record(photo, { look: null, edition: 0 }, MADE)
}

export async function readyPhoto(
  catalog: Catalog,
  owner: OwnerId,
  change: Partial<NewPhoto> = {},
): Promise<PhotoId> {
  const id = await insertPhoto(catalog, owner, change)
  await finishPhoto(catalog, id)
  return id
}

export async function changeLook(catalog: Catalog, owner: OwnerId, id: PhotoId): Promise<void> {
  const look = { filter: 'mono' as FilterName, strength: 1 }
  const edition = (await catalog.looks.want(id, owner, { look })) as number
  await catalog.looks.show((await catalog.photos.find(id)) as Photo, { look, focus: null, edition }, MADE)
}

export async function moveTo(catalog: Catalog, visibility: Visibility, id: PhotoId): Promise<void> {
  const read = await catalog.places.read(id)
  if (read) await catalog.places.move(read, { id, visibility, secret: newSecret() })
}
