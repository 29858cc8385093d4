import { ObjectNotFoundError, OriginalMissingError } from '../../src/errors.ts'
import { SNIFF_BYTES, sniff } from '../../src/ingest/sniff.ts'
import { originalKey } from '../../src/photo/object-keys.ts'
import type { Adopted, Photo } from '../../src/photo/photo.ts'
import type { Preset } from '../../src/photo/presets.ts'
import type { WorkerEngines } from '../engines.ts'
import { type DecodedPhoto, decodePhoto } from '../renditions/decoded-photo.ts'

type WithOriginal = Pick<Photo, 'id' | 'original' | 'adopted' | 'look' | 'focus'>

/**
 * Fetches the photo's original and decodes it. Throws FilterMissingError, OriginalMissingError, AdoptedOriginalError, and as
 * decodePhoto does.
 */
export async function decodeOriginal(
  engines: WorkerEngines,
  photo: WithOriginal,
  presets: readonly Preset[],
): Promise<DecodedPhoto> {
  const { filters, maxPixels } = engines
  const { look, focus } = photo
  // Before the original is fetched: a job that lacks it comes again and again.
  if (look) filters.get(look.filter)
  const bytes = await (photo.adopted ? readAdopted(engines, photo, photo.adopted) : readOwn(engines, photo))
  return await decodePhoto(bytes, { look, focus, presets }, { maxPixels, filters })
}

async function readOwn(
  { store }: WorkerEngines,
  { id, original: { format } }: WithOriginal,
): Promise<Buffer> {
  try {
    // Only what was adopted has none.
    return await store.read(originalKey(id, format as NonNullable<typeof format>))
  } catch (error) {
    if (error instanceof ObjectNotFoundError) throw new OriginalMissingError({ cause: error })
    throw error
  }
}

/** The first time it is found out what it is, too. */
async function readAdopted(
  { adopted, catalog }: WorkerEngines,
  { id, original }: WithOriginal,
  place: Adopted,
): Promise<Buffer> {
  const { body, sha256 } = await adopted.read(place, original)
  if (original.sha256 === null) {
    const format = await sniff(body.subarray(0, SNIFF_BYTES))
    await catalog.adoptions.identify(id, { format, bytes: body.length, sha256 })
  }
  return body
}
