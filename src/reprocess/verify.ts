import type { PhotoFailure } from '../catalog/runs.ts'
import type { Cdn } from '../delivery/cdn.ts'
import { renditionKey } from '../photo/object-keys.ts'
import type { Photo, Rendition } from '../photo/photo.ts'
import type { RunEngines } from '../runs/run-kind.ts'
import { throughAside } from './through-aside.ts'

const EDGE_MS = 20_000

/**
 * Reads back what a run shows: of each photo whether the store has every object, with the bytes that are recorded; and of
 * the first of each page, whether its viewers get its smallest rendition from the edge. Changes nothing.
 */
export const verify = throughAside('verify', async ({ catalog, store, cdn }, ids) => {
  const photos = await catalog.photos.findAll(ids)
  const failed: PhotoFailure[] = []
  const fail = (photoId: Photo['id'], code: string, message: string) =>
    failed.push({ photoId, code, message, attempts: 1 })
  for (const photo of photos) {
    const wrong = await wrongOf(store, photo)
    if (wrong.length > 0)
      fail(photo.id, 'object_missing', `Not in the store as recorded: ${wrong.join(', ')}`)
  }
  const [first] = photos.filter(({ id }) => !failed.some(({ photoId }) => photoId === id))
  const refusal = first && (await refusalOfEdge(cdn, first))
  if (first && refusal) fail(first.id, 'edge_refused', refusal)
  return { done: photos.length - failed.length, failed, skipped: ids.length - photos.length }
})

async function wrongOf(store: RunEngines['store'], photo: Photo): Promise<string[]> {
  const objects = new Map(photo.renditions.map((each) => [renditionKey(photo, each), each.bytes]))
  const found = await Promise.all(
    [...objects].map(async ([key, bytes]) => ((await store.head(key))?.size === bytes ? [] : [key])),
  )
  return found.flat()
}

/** What is wrong with the reply of the edge; null when it is the rendition. */
async function refusalOfEdge(cdn: Cdn, photo: Photo): Promise<string | null> {
  const [smallest] = photo.renditions.toSorted((a, b) => a.bytes - b.bytes) as (Rendition | undefined)[]
  if (!smallest) return null
  const url = cdn.deliver(photo, photo.owner).urlOf(renditionKey(photo, smallest))
  try {
    const reply = await fetch(url, { signal: AbortSignal.timeout(EDGE_MS) })
    const { byteLength } = await reply.arrayBuffer()
    if (reply.ok && byteLength === smallest.bytes) return null
    return `The edge answered ${reply.status} with ${byteLength} bytes; the rendition has ${smallest.bytes}.`
  } catch (error) {
    return `The edge did not answer: ${error instanceof Error ? error.message : String(error)}`
  }
}
