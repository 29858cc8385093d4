import { workerUrl } from '../parts/worker-url.ts'
import type { Asked, Drawing, Drawn, ParsedTable, Replied } from './drawing-messages.ts'
import script from './looks.worker.ts?worker&url'

const waiting = new Map<number, PromiseWithResolvers<Drawn | ParsedTable>>()
const lost = new Set<() => void>()
let asked = 0
let worker: Worker | null = null

/** Draws it in a worker, which fetches what it has not. `picture` and `table` are URLs; a table may be one that `parse` gave. */
export async function draw(drawing: Drawing): Promise<Drawn> {
  return (await ask({ kind: 'draw', ...drawing })) as Drawn
}

/** Reads the text of a `.cube` as the server does. Rejects with what is wrong with it, and in which line. */
export async function parse(text: string): Promise<ParsedTable> {
  return (await ask({ kind: 'parse', text })) as ParsedTable
}

/** Tells when the graphics card has lost what was drawn, which then is to be drawn again, until the function that it returns is called. */
export function onLost(listener: () => void): () => void {
  lost.add(listener)
  return () => void lost.delete(listener)
}

async function ask(question: Asked): Promise<Drawn | ParsedTable> {
  const id = ++asked
  const reply = Promise.withResolvers<Drawn | ParsedTable>()
  waiting.set(id, reply)
  worker ??= startWorker()
  worker.postMessage({ id, ...question })
  return await reply.promise
}

function startWorker(): Worker {
  const started = new Worker(workerUrl(script), { type: 'module', name: 'looks' })
  started.onmessage = ({ data }: MessageEvent<Replied>) => {
    if (data.kind === 'lost') {
      for (const listener of lost) listener()
      return
    }
    const reply = waiting.get(data.id)
    waiting.delete(data.id)
    if (data.kind === 'failed') reply?.reject(new Error(data.message))
    else reply?.resolve(data.made)
  }
  // It could not be loaded, or had no memory left: the next drawing begins another.
  started.onerror = (event) => {
    event.preventDefault()
    started.terminate()
    worker = null
    for (const reply of waiting.values()) reply.reject(new Error(event.message || 'The worker ended.'))
    waiting.clear()
  }
  return started
}
