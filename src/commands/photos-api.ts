import { SetupError } from '../errors.ts'
import type { PhotoReply } from '../http/schemas/photo.ts'
import type { PhotoForm } from './photo-form.ts'

/** Why a request came to nothing: the server's words, or ours when it said none. `passing` ones may end by waiting. */
export type Refusal = { code: string; detail: string; passing: boolean }
export type Answer = { photo: PhotoReply; refusal: null } | { photo: null; refusal: Refusal }

const ANSWER_MS = 10_000

/** A client of the API, version 1. */
export class PhotosApi {
  readonly #url: string
  readonly #makeToken: () => Promise<string>

  /** `makeToken` is asked for every request, so that none is sent with a token that has expired meanwhile. */
  constructor(url: string, makeToken: () => Promise<string>) {
    this.#url = url.replace(/\/+$/, '')
    this.#makeToken = makeToken
  }

  /** Throws SetupError when nothing answers there at all. */
  async reach(): Promise<void> {
    try {
      const response = await fetch(`${this.#url}/healthz`, { signal: AbortSignal.timeout(ANSWER_MS) })
      await response.text()
    } catch (error) {
      throw new SetupError(nothingAnswers(this.#url), { cause: error })
    }
  }

  /** A form that is sent again keeps its key: a server that took the first one in shall not take two. */
  async upload({ contentType, contentLength, body }: PhotoForm, idempotencyKey: string): Promise<Answer> {
    return await this.#ask('/v1/photos', {
      method: 'POST',
      headers: {
        'content-type': contentType,
        'content-length': String(contentLength),
        'idempotency-key': idempotencyKey,
      },
      body,
      duplex: 'half',
    })
  }

  async photo(id: string): Promise<Answer> {
    return await this.#ask(`/v1/photos/${id}`, { signal: AbortSignal.timeout(ANSWER_MS) })
  }

  async #ask(path: string, request: RequestInit): Promise<Answer> {
    const authorization = `Bearer ${await this.#makeToken()}`
    const headers = { ...request.headers, authorization, accept: 'application/json' }
    try {
      const response = await fetch(this.#url + path, { ...request, headers })
      return readAnswer(response, await response.text())
    } catch (error) {
      return { photo: null, refusal: this.#brokenOff(error) }
    }
  }

  /** fetch wraps what happened: the system's error, or what the body threw. */
  #brokenOff(error: unknown): Refusal {
    const cause = error instanceof TypeError && error.cause instanceof Error ? error.cause : error
    if (cause instanceof SetupError) return { code: 'unreadable_file', detail: cause.message, passing: false }
    const refused = cause instanceof Error && 'code' in cause && cause.code === 'ECONNREFUSED'
    const detail = refused ? nothingAnswers(this.#url) : `The connection broke off: ${cause}`
    return { code: 'unreachable', detail, passing: true }
  }
}

function readAnswer({ ok, status, url }: Response, text: string): Answer {
  const reply = parseObject(text)
  if (ok && typeof reply?.id === 'string' && typeof reply.status === 'string') {
    return { photo: reply as PhotoReply, refusal: null }
  }
  const passing = status >= 500 || status === 429
  if (!ok && typeof reply?.code === 'string' && typeof reply.detail === 'string') {
    return { photo: null, refusal: { code: reply.code, detail: reply.detail, passing } }
  }
  const detail = `${url} answered ${status} and no words of Darkroom: is the address right?`
  return { photo: null, refusal: { code: 'unexpected_reply', detail, passing } }
}

function parseObject(text: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' ? (value as Record<string, unknown> | null) : null
  } catch (error) {
    if (error instanceof SyntaxError) return null
    throw error
  }
}

function nothingAnswers(url: string): string {
  return `Nothing answers at ${url}: is \`npm start\` running?`
}
