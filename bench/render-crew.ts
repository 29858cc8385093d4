import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { originalKey } from '../src/photo/object-keys.ts'
import type { PhotoId } from '../src/photo/photo-id.ts'
import { newSecret } from '../src/photo/secret.ts'
import { WORKER_ENV, WORKER_NODE_FLAGS } from '../src/worker-processes.ts'
import { type Home, OWNER } from './darkroom.ts'
import { type ScriptProcess, startScript } from './script-process.ts'

export type RenderQuestion = { photoIds: readonly PhotoId[] }
/** What became of one photo: the bytes of its renditions together. */
export type Rendered = { bytes: number }

const PROCESSES = 2

/** Two processes of one script, each of which renders one photo at a time. */
export type RenderCrew = AsyncDisposable & { render(photoIds: readonly PhotoId[]): Promise<Rendered[]> }

export function startCrew(script: string, photo: string, { env }: Home): RenderCrew {
  const crew: ScriptProcess<RenderQuestion, Rendered[]>[] = Array.from({ length: PROCESSES }, () =>
    startScript(script, [photo], { ...WORKER_ENV, ...env }, WORKER_NODE_FLAGS),
  )
  return {
    render: async (photoIds) => {
      const share = Math.ceil(photoIds.length / crew.length)
      const rendered = await Promise.all(
        crew.map((process, index) =>
          process.ask({ photoIds: photoIds.slice(index * share, (index + 1) * share) }),
        ),
      )
      return rendered.flat()
    },
    [Symbol.asyncDispose]: async () => {
      await Promise.all(crew.map((process) => process[Symbol.asyncDispose]()))
    },
  }
}

/** So many photos as the API would have taken them in, without their job. */
export async function takeIn(file: string, count: number, { services }: Home): Promise<PhotoId[]> {
  const { catalog, store } = services
  const body = await readFile(file)
  const sha256 = createHash('sha256').update(body).digest('hex')
  const ids: PhotoId[] = []
  for (let taken = 0; taken < count; taken++) {
    const id = await catalog.photos.nextId(OWNER)
    await store.put(originalKey(id, 'jpeg'), body, { contentType: 'image/jpeg' })
    const original = { format: 'jpeg', bytes: body.length, sha256 } as const
    const none = { alt: null, focus: null, look: null }
    await catalog.photos.insert({
      id,
      owner: OWNER,
      visibility: 'public',
      secret: newSecret(),
      original,
      ...none,
    })
    ids.push(id)
  }
  return ids
}
