import type { Catalog } from '../../src/catalog/catalog.ts'
import type { NewPhoto } from '../../src/catalog/photos/photos.ts'
import type { PhotoId } from '../../src/photo/photo-id.ts'
import { newSecret } from '../../src/photo/secret.ts'
import type { OwnerId } from '../../src/photo/shard.ts'

export const PLAIN = {
  visibility: 'public',
  alt: null,
  original: { format: 'jpeg', bytes: 3, sha256: 'ab' },
  focus: null,
  look: null,
} as const

/** A photo as if it had just been taken in, but that nobody has its bytes and no queue its job. */
export async function insertPhoto(
  { photos }: Pick<Catalog, 'photos'>,
  owner: OwnerId,
  change: Partial<NewPhoto> = {},
): Promise<PhotoId> {
  const id = await photos.nextId(owner)
  await photos.insert({ ...PLAIN, secret: newSecret(), ...change, id, owner })
  return id
}
