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
  body?: Uint8Array<ArrayBuffer> | string
  signal?: Signal | undefined
  /** Hears how many bytes of the body have gone out. */
  onSent?: ((bytes: number) => void) | undefined
}

export type Reply = { status: number; header(name: string): string | null; text: string }

/** Sends one request. Throws what `fetch` throws when nobody answers, and the signal's reason when it is aborted. */
export type Send = (request: Request) => Promise<Reply>

type FetchReply = { status: number; headers: { get(name: string): string | null }; text(): Promise<string> }
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

const { fetch, XMLHttpRequest } = globalThis as unknown as {
  fetch: (url: string, init: object) => Promise<FetchReply>
  XMLHttpRequest?: new () => XmlHttpRequest
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

const PIECE_BYTES = 65_536

/** As Node's `fetch` takes a body; no browser is without XMLHttpRequest. */
async function* inPieces(bytes: Uint8Array, onSent: (bytes: number) => void): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += PIECE_BYTES) {
    yield bytes.subarray(at, at + PIECE_BYTES)
    onSent(Math.min(at + PIECE_BYTES, bytes.length))
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
      xhr.send(body)
    })
  } finally {
    signal?.removeEventListener('abort', abort)
  }
}
