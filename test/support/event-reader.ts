import { expect } from 'vitest'
import type { Service } from './uploads.ts'

/** As it came, with the id that the client has then. */
export type Told = { type: string; lastEventId: string; data: { id: string; photo: string; owner: string } }

/** A client of GET /v1/events that remembers all that it was told, over one connection. */
export class EventReader implements AsyncDisposable {
  readonly told: Told[] = []
  /** What a client would send to go on. */
  lastEventId: string
  readonly reply: Response
  readonly #abort: AbortController
  /** Resolves when the server has ended the stream, or cut it: what it said at last. */
  readonly ended: Promise<'ended' | 'cut'>

  private constructor(reply: Response, abort: AbortController, lastEventId: string) {
    this.reply = reply
    this.#abort = abort
    this.lastEventId = lastEventId
    this.ended = this.#read().then(
      () => 'ended',
      () => 'cut',
    )
  }

  static async open(
    { url, token }: Service,
    viewer: string,
    lastEventId?: string,
    headers: Record<string, string> = {},
  ): Promise<EventReader> {
    const abort = new AbortController()
    const reply = await fetch(`${url}/v1/events`, {
      headers: {
        authorization: `Bearer ${await token(viewer)}`,
        ...(lastEventId && { 'last-event-id': lastEventId }),
        ...headers,
      },
      signal: abort.signal,
    })
    expect(reply.status).toBe(200)
    const reader = new EventReader(reply, abort, lastEventId ?? '')
    await expect.poll(() => reader.lastEventId).not.toBe('')
    return reader
  }

  /** What was told so far, in short. */
  get types(): string[] {
    return this.told.map(({ type }) => type)
  }

  of(photo: string): string[] {
    return this.told.filter(({ data }) => data.photo === photo).map(({ type }) => type)
  }

  async close(): Promise<void> {
    this.#abort.abort()
    await this.ended
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  async #read(): Promise<void> {
    let rest = ''
    for await (const text of this.reply.body?.pipeThrough(new TextDecoderStream()) ?? []) {
      const blocks = (rest + text).split('\n\n')
      rest = blocks.pop() ?? ''
      for (const block of blocks) this.#hear(block)
    }
  }

  #hear(block: string): void {
    const fields = new Map(block.split('\n').map((line) => line.split(': ', 2) as [string, string]))
    this.lastEventId = fields.get('id') ?? this.lastEventId
    const data = block.split('\n').find((line) => line.startsWith('data: '))
    if (data === undefined) return
    this.told.push({
      type: fields.get('event') ?? 'message',
      lastEventId: this.lastEventId,
      data: JSON.parse(data.slice(6)),
    })
  }
}
