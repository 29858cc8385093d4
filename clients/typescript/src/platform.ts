// What browsers, Node and React Native have in common, as far as it is used here.

/** A photo's bytes: a `Blob` or a `File`, and what `fs.openAsBlob` gives in Node. */
export type PhotoSource = {
  readonly size: number
  slice(start: number, end: number): { arrayBuffer(): Promise<ArrayBuffer> }
}

/** As `AbortSignal`. */
export type Signal = {
  readonly aborted: boolean
  readonly reason?: unknown
  addEventListener(type: 'abort', listener: () => void): void
  removeEventListener(type: 'abort', listener: () => void): void
}

export type Request = {
  method: string
  url: string
  headers: Record<string, string>
  /** A Blob only where `isSendable` says so. */
  body?: Uint8Array<ArrayBuffer> | PhotoSource | string
  signal?: Signal | undefined
  /** Hears how many bytes of the body have gone out. */
  onSent?: ((bytes: number) => void) | undefined
}

export type Reply = { status: number; header(name: string): string | null; text: string }

/** Sends one request. Throws what `fetch` throws when nobody answers, and the signal's reason when it is aborted. */
export type Send = (request: Request) => Promise<Reply>

/** A reply whose text is read as it comes. */
export type StreamReply = Omit<Reply, 'text'> & {
  text(): Promise<string>
  /** The next piece of it, null at its end. */
  next(): Promise<string | null>
  cancel(): void
}

/** Opens one. Throws as `Send` does. */
export type OpenStream = (request: Request) => Promise<StreamReply>

type StreamReader = {
  read(): Promise<{ done: boolean; value?: Uint8Array }>
  cancel(): Promise<void>
}
type FetchReply = {
  status: number
  headers: { get(name: string): string | null }
  text(): Promise<string>
  body: { getReader(): StreamReader } | null
}
type XmlHttpRequest = {
  upload: { onprogress: ((event: { loaded: number }) => void) | null }
  status: number
  responseText: string
  onload: (() => void) | null
  onerror: (() => void) | null
  onabort: (() => void) | null
  open(method: string, url: string): void
  setRequestHeader(name: string, value: string): void
  getResponseHeader(name: string): string | null
  send(body?: unknown): void
  abort(): void
}

type Fetch = (url: string, init: object) => Promise<FetchReply>

const { fetch, Blob, XMLHttpRequest, TextDecoder } = globalThis as unknown as {
  fetch: Fetch
  Blob: new (parts: readonly Uint8Array<ArrayBuffer>[]) => PhotoSource
  TextDecoder: new () => { decode(bytes: Uint8Array | undefined, options: { stream: boolean }): string }
  XMLHttpRequest?: new () => XmlHttpRequest
}

/** Whether it is a Blob whose bytes can go out without being read here. Node's `fetch` would not tell how far they are. */
export function isSendable(body: unknown): body is PhotoSource {
  return XMLHttpRequest !== undefined && body instanceof Blob
}

/** By `fetch`; what wants to know of its progress, by XMLHttpRequest where there is one, as `fetch` tells nothing of it. */
export const send: Send = async (request) => {
  if (request.signal?.aborted) throw request.signal.reason
  if (request.onSent && XMLHttpRequest) return await sendByXhr(request, new XMLHttpRequest())
  const { url, onSent, body, headers, ...init } = request
  const watched =
    onSent && body instanceof Uint8Array
      ? {
          body: inPieces(body, onSent),
          duplex: 'half',
          headers: { ...headers, 'content-length': String(body.length) },
        }
      : { body, headers }
  const reply = await fetch(url, { ...init, ...watched })
  const text = await reply.text()
  return { status: reply.status, header: (name) => reply.headers.get(name), text }
}

/** By a `fetch` whose replies can be read as they come: that of React Native can't, the one of `expo/fetch` can. */
export function streamBy(fetchIt: unknown = fetch): OpenStream {
  return async ({ url, ...init }) => {
    const reply = await (fetchIt as Fetch)(url, { ...init, cache: 'no-store' })
    const decoder = new TextDecoder()
    let reader: StreamReader | undefined
    return {
      status: reply.status,
      header: (name) => reply.headers.get(name),
      text: async () => await reply.text(),
      next: async () => {
        reader ??= reply.body?.getReader()
        const { done, value } = (await reader?.read()) ?? { done: true }
        return done ? null : decoder.decode(value, { stream: true })
      },
      cancel: () => void (reader ?? reply.body?.getReader())?.cancel().catch(() => {}),
    }
  }
}

const PIECE_BYTES = 65_536

/** As Node's `fetch` takes a body; no browser is without XMLHttpRequest. */
async function* inPieces(bytes: Uint8Array, onSent: (bytes: number) => void): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += PIECE_BYTES) {
    yield bytes.subarray(at, at + PIECE_BYTES)
    onSent(Math.min(at + PIECE_BYTES, bytes.length))
  }
}

/** Chromium tells its developer tools, and whatever drives it, of each body of bytes as text, which takes a second for 3 MB; of a Blob it does not. */
function asBlob(bytes: Uint8Array<ArrayBuffer>): object {
  try {
    return new Blob([bytes])
  } catch {
    // React Native makes none of bytes.
    return bytes
  }
}

async function sendByXhr(
  { method, url, headers, body, signal, onSent }: Request,
  xhr: XmlHttpRequest,
): Promise<Reply> {
  const abort = () => xhr.abort()
  try {
    return await new Promise((resolve, reject) => {
      xhr.open(method, url)
      for (const [name, value] of Object.entries(headers)) xhr.setRequestHeader(name, value)
      xhr.upload.onprogress = ({ loaded }) => onSent?.(loaded)
      xhr.onload = () =>
        resolve({ status: xhr.status, header: (name) => xhr.getResponseHeader(name), text: xhr.responseText })
      xhr.onerror = () => reject(new TypeError('The connection broke off.'))
      xhr.onabort = () => reject(signal?.reason)
      signal?.addEventListener('abort', abort)
      xhr.send(body instanceof Uint8Array ? asBlob(body) : body)
    })
  } finally {
    signal?.removeEventListener('abort', abort)
  }
}
