import { sleep, waitMs } from './backoff.ts'
import { readBytes } from './parts.ts'
import {
  isSendable,
  type OpenStream,
  type PhotoSource,
  type Reply,
  type Request,
  type Send,
  type Signal,
  type StreamReply,
  send as sendHere,
  streamBy,
} from './platform.ts'
import { Problem } from './problem.ts'

export type ApiOptions = {
  /** Where Darkroom is, with its path, if it has one. */
  url: string
  /** The viewer's token. Asked for with every request; with `isRefused` when the one before was answered with 401. */
  token: (asked: { isRefused: boolean }) => string | Promise<string>
  /** For how long a request is repeated while nobody answers, or the server says to wait. Default: a minute. */
  retryMs?: number
  /** How requests are sent, if not by `fetch` and XMLHttpRequest. */
  send?: Send
  /** How event streams are opened, if not by the platform's `fetch`. */
  openStream?: OpenStream
}

export type Ask = {
  method?: string
  query?: Record<string, string | number | undefined>
  headers?: Record<string, string>
  /** Bytes, as a Blob where one is sendable, or what becomes JSON. */
  body?: Uint8Array<ArrayBuffer> | PhotoSource | object
  /** A status besides 2xx that is a reply, too. */
  taken?: number
  signal?: Signal | undefined
  onSent?: ((bytes: number) => void) | undefined
  retryMs?: number | undefined
  /** Hears why it is sent again, and in how many milliseconds. */
  onWait?: ((problem: Problem, ms: number) => void) | undefined
}

/**
 * Asks the API: with a token, again with another when that is refused, and again after a while when waiting may help.
 * Only requests that may be repeated are: all that this client sends.
 */
export class Api {
  readonly #url: string
  readonly #options: ApiOptions

  constructor(options: ApiOptions) {
    this.#url = options.url.replace(/\/+$/, '')
    this.#options = options
  }

  /** The reply as JSON. Throws Problem, and the signal's reason. */
  async json<Value>(path: string, ask: Ask = {}): Promise<Value> {
    const reply = await this.ask(path, ask)
    const value = parsed(reply.text)
    if (value === null) throw problemOf(reply, this.#url + path)
    return value as Value
  }

  /** A reply of 2xx. Throws Problem, and the signal's reason. */
  async ask(path: string, ask: Ask = {}): Promise<Reply> {
    const endsAt = Date.now() + (ask.retryMs ?? this.#options.retryMs ?? 60_000)
    let isRefused = false
    for (let attempt = 0; ; attempt++) {
      try {
        return await this.#once(path, ask, isRefused)
      } catch (error) {
        if (!(error instanceof Problem)) throw error
        if (error.status === 401 && !isRefused) {
          isRefused = true
          continue
        }
        const wait = waitMs(attempt, error.retryAfterMs)
        if (!error.isPassing || Date.now() + wait > endsAt) throw error
        ask.onWait?.(error, wait)
        await sleep(wait, ask.signal)
      }
    }
  }

  /** A reply of 2xx that is read as it comes: asked for once, with another token when the one before was refused. Throws as `ask`. */
  async open(path: string, ask: Ask, isRefused: boolean): Promise<StreamReply> {
    const request = await this.#request(path, ask, isRefused)
    const reply = await this.#reached((this.#options.openStream ?? streamBy())(request), ask)
    if (reply.status >= 200 && reply.status < 300) return reply
    throw problemOf({ ...reply, text: await reply.text() }, request.url)
  }

  async #once(path: string, ask: Ask, isRefused: boolean): Promise<Reply> {
    const request = await this.#request(path, ask, isRefused)
    const reply = await this.#reached((this.#options.send ?? sendHere)(request), ask)
    const isTaken = reply.status === ask.taken || (reply.status >= 200 && reply.status < 300)
    if (!isTaken) throw problemOf(reply, request.url)
    return reply
  }

  async #request(
    path: string,
    { method = 'GET', query, body, ...ask }: Ask,
    isRefused: boolean,
  ): Promise<Request> {
    const token = await this.#options.token({ isRefused })
    const bytes = body instanceof Uint8Array || isSendable(body) ? body : null
    const headers = {
      accept: 'application/json',
      authorization: `Bearer ${token}`,
      ...(body && { 'content-type': bytes ? 'application/octet-stream' : 'application/json' }),
      ...ask.headers,
    }
    const url = this.#url + path + queryOf(query)
    const request = { method, url, headers, signal: ask.signal, onSent: ask.onSent }
    return body ? { ...request, body: bytes ?? JSON.stringify(body) } : request
  }

  async #reached<Value>(sending: Promise<Value>, { signal, body }: Ask): Promise<Value> {
    return await sending.catch(async (cause: unknown) => {
      if (signal?.aborted) throw cause
      // A file that can't be read any more ends a request as a broken connection does.
      if (isSendable(body)) await readBytes(body, 0, Math.min(1, body.size))
      throw unreachable(cause)
    })
  }
}

function queryOf(query: Ask['query'] = {}): string {
  const pairs = Object.entries(query).flatMap(([name, value]) =>
    value === undefined ? [] : [`${name}=${encodeURIComponent(value)}`],
  )
  return pairs.length > 0 ? `?${pairs.join('&')}` : ''
}

/** `fetch` wraps what happened. */
export function unreachable(error: unknown): Problem {
  const cause = error instanceof TypeError && error.cause ? error.cause : error
  const message = `The connection broke off, or there was none: ${cause}`
  return new Problem({ status: 0, code: 'unreachable', message }, { cause })
}

function problemOf({ status, header, text }: Reply, url: string): Problem {
  const said = parsed(text)
  const isOurs = typeof said?.code === 'string' && typeof said.detail === 'string'
  return new Problem({
    status,
    code: isOurs ? (said.code as string) : 'unexpected_reply',
    message: isOurs
      ? (said.detail as string)
      : `${url} answered ${status} and no words of Darkroom: is the address right?`,
    retryAfterMs: retryAfterOf(header('retry-after')),
  })
}

function parsed(text: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' ? (value as Record<string, unknown> | null) : null
  } catch {
    return null
  }
}

/** Seconds or a date (RFC 9110, 10.2.3). */
function retryAfterOf(text: string | null): number | null {
  if (text === null) return null
  const ms = /^\d+$/.test(text) ? Number(text) * 1000 : Date.parse(text) - Date.now()
  return Number.isNaN(ms) ? null : Math.max(0, ms)
}
