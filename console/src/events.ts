import type { StreamedEvent } from 'darkroom-client'
import { client, session } from './session.ts'

type Listener = (event: StreamedEvent) => void

const listeners = new Set<Listener>()
let isOpen = false

/**
 * Tells of what happens to the viewer's photos and in their feed, until the function that it returns is called. One stream for all
 * tabs of a browser, as it takes one of the six connections that HTTP/1.1 allows them together: the tab that holds the lock reads
 * and tells the others.
 */
export function onEvent(listener: Listener): () => void {
  listeners.add(listener)
  openOnce()
  return () => void listeners.delete(listener)
}

function openOnce(): void {
  if (isOpen || session.value.kind !== 'in') return
  isOpen = true
  const { owner } = session.value
  const aborter = new AbortController()
  const name = `darkroom-events ${location.pathname} ${owner}`
  const channel = new BroadcastChannel(name)
  channel.onmessage = ({ data }: MessageEvent<StreamedEvent>) => tell(data)
  const read = async () => {
    for await (const event of client.events({ signal: aborter.signal })) {
      channel.postMessage(event)
      tell(event)
    }
  }
  const ended = navigator.locks ? navigator.locks.request(name, { signal: aborter.signal }, read) : read()
  const close = session.subscribe(({ kind }) => {
    if (kind === 'out') aborter.abort()
  })
  void Promise.resolve(ended)
    .catch(() => {})
    .finally(() => {
      isOpen = false
      channel.close()
      close()
    })
}

function tell(event: StreamedEvent): void {
  for (const listener of listeners) listener(event)
}
