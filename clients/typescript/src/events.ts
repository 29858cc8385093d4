import { type Api, unreachable } from './api.ts'
import { sleep, waitMs } from './backoff.ts'
import type { Signal, StreamReply } from './platform.ts'
import { Problem } from './problem.ts'
import type { StreamedEvent } from './types.ts'

export type EventOptions = {
  signal?: Signal
  /** Where an earlier reader was: what happened since is told first. For a day; else it begins with `reset`. */
  lastEventId?: string
  /** Told where the reader is, to be kept for the next time. */
  onLastEventId?: (id: string) => void
}

/** The server writes something every 20 s. */
const SILENCE_MS = 60_000
/** So many ids are remembered: what is told again after a connection broke is of the last minute. */
const MOST_REMEMBERED = 2_000

const { setTimeout, clearTimeout } = globalThis as unknown as {
  setTimeout(run: () => void, ms: number): number
  clearTimeout(timer: number): void
}

/** Reads until it is no longer read from, or aborted. Throws Problem when waiting does not help, and the signal's reason. */
export async function* readEvents(api: Api, options: EventOptions): AsyncGenerator<StreamedEvent, never> {
  const { signal, onLastEventId } = options
  const known = new Set<string>()
  let lastEventId = options.lastEventId ?? ''
  let isRefused = false
  for (let attempt = 0; ; attempt++) {
    let retryAfterMs: number | null = null
    let reply: StreamReply | undefined
    try {
      const headers = { accept: 'text/event-stream', ...(lastEventId && { 'last-event-id': lastEventId }) }
      reply = await api.open('/v1/events', { headers, ...(signal && { signal }) }, isRefused)
      isRefused = false
      for await (const { id, data } of messagesOf(reply)) {
        attempt = 0
        const event = data === '' ? null : (JSON.parse(data) as StreamedEvent)
        if (event && isNew(event, known)) yield event
        // Not before it was taken.
        if (id !== lastEventId) onLastEventId?.(id)
        lastEventId = id
      }
    } catch (error) {
      if (signal?.aborted) throw signal.reason
      if (error instanceof Problem) {
        if (!error.isPassing && (error.status !== 401 || isRefused)) throw error
        isRefused = error.status === 401
        retryAfterMs = error.retryAfterMs
      }
    } finally {
      reply?.cancel()
    }
    await sleep(waitMs(attempt, retryAfterMs), signal)
  }
}

function isNew(event: StreamedEvent, known: Set<string>): boolean {
  if (event.type === 'reset') return true
  // A photo of one's own that is new may be in one's feed, too.
  const name = `${event.id} ${event.type === 'feed.new'}`
  if (known.has(name)) return false
  known.add(name)
  for (const oldest of known) {
    if (known.size <= MOST_REMEMBERED) break
    known.delete(oldest)
  }
  return true
}

/** Messages as the server writes them; `data` is empty in one that only says where the reader is. Throws when it falls silent. */
async function* messagesOf(reply: StreamReply): AsyncGenerator<{ id: string; data: string }> {
  let rest = ''
  for (let text = await spoken(reply); text !== null; text = await spoken(reply)) {
    const blocks = (rest + text).split('\n\n')
    rest = blocks.pop() ?? ''
    for (const block of blocks) {
      const fields = new Map(block.split('\n').map((line) => splitAt(line, ': ')))
      yield { id: fields.get('id') ?? '', data: fields.get('data') ?? '' }
    }
  }
}

async function spoken(reply: StreamReply): Promise<string | null> {
  let timer: number | undefined
  const silence = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(unreachable('nothing was heard')), SILENCE_MS)
  })
  try {
    return await Promise.race([reply.next(), silence])
  } finally {
    clearTimeout(timer as number)
  }
}

function splitAt(line: string, mark: string): [string, string] {
  const at = line.indexOf(mark)
  return at < 0 ? [line, ''] : [line.slice(0, at), line.slice(at + mark.length)]
}
