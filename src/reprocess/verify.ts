import { isDeepStrictEqual } from 'node:util'
import type { PhotoFailure } from '../catalog/runs/runs.ts'
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
  const failed: PhotoFailure[] = []
  let [done, isEdgeAsked] = [0, false]
  const faultOf = async (photo: Photo) => {
    const wrong = await wrongOf(store, photo)
    if (wrong.length > 0)
      return { code: 'object_missing', message: `Not in the store as recorded: ${wrong.join(', ')}` }
    const refusal = isEdgeAsked ? null : await refusalOfEdge(cdn, photo)
    return refusal === null ? null : { code: 'edge_refused', message: refusal }
  }
  for (const photo of await catalog.photos.findAll(ids)) {
    const fault = await lastFaultOf({ catalog }, photo, faultOf)
    if (fault === 'removed') continue
    if (fault === null) done += 1
    else failed.push({ photoId: photo.id, ...fault, attempts: 1 })
    isEdgeAsked ||= fault === null || fault.code === 'edge_refused'
  }
  return { done, failed, skipped: ids.length - done - failed.length }
})

/** A fault of what a photo was, before it was moved or changed, is none. */
async function lastFaultOf<Fault>(
  { catalog }: Pick<RunEngines, 'catalog'>,
  photo: Photo,
  faultOf: (photo: Photo) => Promise<Fault | null>,
): Promise<Fault | 'removed' | null> {
  const keysOf = (one: Photo) => one.renditions.map((each) => renditionKey(one, each))
  for (let seen = photo; ; ) {
    const fault = await faultOf(seen)
    if (fault === null) return null
    const [now] = await catalog.photos.findAll([photo.id])
    if (!now) return 'removed'
    if (isDeepStrictEqual(keysOf(now), keysOf(seen))) return fault
    seen = now
  }
}

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
