import http from 'node:http'
import https from 'node:https'
import type { WebhookConfig } from '../config/config.ts'
import { AddressRefusedError, AllowedAddresses } from './allowed-addresses.ts'
import { type Message, signedHeaders } from './signature.ts'

/** From the first byte that is sent to the last that is read. */
const ANSWER_MS = 15_000
/** So much of a reply is read, for an operator; the rest is left. */
const MAX_REPLY_BYTES = 2_048
/** Requests at a time, of one process. */
const MAX_CONNECTIONS = 8
const MAX_RETRY_AFTER_MS = 3_600_000

/**
 * What became of a message. `refused` is an answer other than 2xx, or none in time, of an app that was reached;
 * `unavailable` an app that was not reached, or that asks to be left alone; `gone` one that wants no more messages, ever.
 */
export type Answer = { status: number | null; because: string } & (
  | { kind: 'accepted' | 'refused' | 'gone' }
  | { kind: 'unavailable'; retryAfterMs: number | null }
)

/** The app's webhook: where messages for it are sent. */
export class Webhook implements Disposable {
  readonly #url: URL
  readonly #secrets: readonly Buffer[]
  readonly #addresses: AllowedAddresses
  readonly #agent: http.Agent
  readonly #answerMs: number

  constructor({ url, secrets, networks }: WebhookConfig, { answerMs = ANSWER_MS } = {}) {
    this.#url = new URL(url)
    this.#secrets = secrets
    const isPublicAllowed = this.#url.protocol === 'https:'
    this.#addresses = new AllowedAddresses(networks, { isPublicAllowed })
    const options = { keepAlive: true, maxSockets: MAX_CONNECTIONS, lookup: this.#addresses.lookup }
    this.#agent = isPublicAllowed ? new https.Agent(options) : new http.Agent(options)
    this.#answerMs = answerMs
  }

  /** Where messages go, without what may be secret of it. */
  get name(): string {
    return `${this.#url.origin}${this.#url.pathname}`
  }

  /** Sends a message once. Never throws: what keeps it from being accepted is in the answer. */
  async send(message: Message): Promise<Answer> {
    const sent: Sent = { isConnected: false, isReused: false }
    try {
      this.#addresses.checkWritten(this.#url.hostname)
      return await this.#post(message, sent)
    } catch (error) {
      // The app closed a connection of before as we began to use it.
      if (sent.isReused && isCut(error)) return await this.send(message)
      return failureOf(error, sent, this.#answerMs)
    }
  }

  [Symbol.dispose](): void {
    this.#agent.destroy()
  }

  async #post(message: Message, sent: Sent): Promise<Answer> {
    const { promise, resolve, reject } = Promise.withResolvers<Answer>()
    const { request: begin } = this.#url.protocol === 'https:' ? https : http
    const body = Buffer.from(message.body)
    const signal = AbortSignal.timeout(this.#answerMs)
    const request = begin(this.#url, {
      method: 'POST',
      agent: this.#agent,
      signal,
      headers: {
        ...signedHeaders(message, this.#secrets, new Date()),
        'content-type': 'application/json',
        'content-length': body.length,
        'user-agent': 'Darkroom',
      },
    })
    request.on('socket', (socket) => {
      if (!socket.connecting) sent.isConnected = true
      else
        socket.once(
          this.#url.protocol === 'https:' ? 'secureConnect' : 'connect',
          () => (sent.isConnected = true),
        )
    })
    request.on('response', (response) => {
      beginningOf(response).then((text) => resolve(answerOf(response, text)), reject)
    })
    request.on('error', (error) => {
      sent.isReused = request.reusedSocket
      reject(error)
    })
    request.end(body)
    return await promise
  }
}

/** How far a request had come. */
type Sent = { isConnected: boolean; isReused: boolean }

/** The first of a reply as one line of text. What is left of a long one is not read: its connection is closed. */
async function beginningOf(response: http.IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of response as AsyncIterable<Buffer>) {
    chunks.push(chunk)
    bytes += chunk.length
    if (bytes > MAX_REPLY_BYTES) break
  }
  const text = Buffer.concat(chunks).toString('utf8', 0, MAX_REPLY_BYTES)
  // An operator's terminal is shown no control characters.
  return text
    .replaceAll(/[\s\p{C}]+/gu, ' ')
    .trim()
    .slice(0, 200)
}

function answerOf({ statusCode: status = 0, headers }: http.IncomingMessage, text: string): Answer {
  const said = text === '' ? '' : `: ${text}`
  if (status >= 200 && status < 300)
    return { kind: 'accepted', status, because: `It answered ${status}${said}` }
  if (status === 410) return { kind: 'gone', status, because: `It answered 410 Gone${said}` }
  if (status >= 300 && status < 400) {
    const to = headers.location === undefined ? '' : ` to ${headers.location.slice(0, 200)}`
    const because = `It answered ${status}${to}. Redirects are not followed: set WEBHOOK_URL to where it is.`
    return { kind: 'unavailable', status, because, retryAfterMs: null }
  }
  const because = `It answered ${status}${said}`
  // Of these the Standard Webhooks say that the app is overloaded; what it was sent is not to blame.
  if (![429, 502, 503, 504].includes(status)) return { kind: 'refused', status, because }
  return { kind: 'unavailable', status, because, retryAfterMs: retryAfter(headers['retry-after']) }
}

/** Seconds or a date, in ms from now. */
function retryAfter(text: string | undefined): number | null {
  if (text === undefined) return null
  const ms = /^\d{1,9}$/.test(text) ? Number(text) * 1000 : Date.parse(text) - Date.now()
  return Number.isNaN(ms) ? null : Math.min(Math.max(ms, 0), MAX_RETRY_AFTER_MS)
}

function failureOf(error: unknown, { isConnected }: Sent, answerMs: number): Answer {
  if (error instanceof Error && error.name === 'AbortError') {
    const because = isConnected
      ? `It did not answer within ${answerMs / 1000} s.`
      : `No connection was made within ${answerMs / 1000} s.`
    return isConnected
      ? { kind: 'refused', status: null, because }
      : { kind: 'unavailable', status: null, because, retryAfterMs: null }
  }
  const reason = reasonOf(error)
  if (isConnected && !(error instanceof AddressRefusedError))
    return {
      kind: 'refused',
      status: null,
      because: `The connection failed before it had answered: ${reason}`,
    }
  return { kind: 'unavailable', status: null, because: `It was not reached: ${reason}`, retryAfterMs: null }
}

function isCut(error: unknown): boolean {
  return error instanceof Error && 'code' in error && ['ECONNRESET', 'EPIPE'].includes(String(error.code))
}

/** Of several addresses that were tried, those of all. */
function reasonOf(error: unknown): string {
  if (error instanceof AggregateError) return error.errors.map(reasonOf).join('; ')
  return error instanceof Error ? error.message || String('code' in error && error.code) : String(error)
}
