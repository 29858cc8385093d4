import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'
import { Transform } from 'node:stream'
import { freePort } from '../../src/embedded-postgres/free-port.ts'

/** A real connection that can be cut: what goes through `url` ends at the server of the URL that was given. */
export type Proxy = AsyncDisposable & {
  url: string
  cut(): Promise<void>
  mend(): Promise<void>
  /**
   * Connections are taken and stay, but after so many bytes of clients nothing passes any more in either direction.
   * Resolves when something is held back.
   */
  stall(afterBytes?: number): Promise<void>
  /** Cuts what is stuck, and lets new connections pass. */
  flow(): void
  /** Cuts the connection once, in place of the next answer: what was asked is done, and nobody hears of it. */
  loseAnswer(): void
  /** Cuts those there are, and from now on every connection when its client has sent so many bytes. Returns how many were, when it is asked. */
  cutEach(bytes: number): () => number
  /** How many clients are connected. */
  connections(): number
}

export async function startProxy(target: string): Promise<Proxy> {
  const { hostname, port } = new URL(target)
  const sockets = new Set<Socket>()
  let passes = Number.POSITIVE_INFINITY
  let stalled = Promise.withResolvers<void>()
  let losesAnswer = false
  let mostBytes = Number.POSITIVE_INFINITY
  let cuts = 0
  const server = createServer((client) => {
    const upstream = connect(Number(port), hostname)
    for (const socket of [client, upstream]) {
      sockets.add(socket)
      socket.on('error', () => {})
      socket.on('close', () => {
        sockets.delete(socket)
        client.destroy()
        upstream.destroy()
      })
    }
    let left = mostBytes
    const requests = new Transform({
      transform(chunk: Buffer, _encoding, passOn) {
        passes -= chunk.length
        left -= chunk.length
        // Sent on, and read there: a connection that is reset would lose it.
        if (left < 0 && passes >= 0) {
          cuts++
          upstream.end(chunk, () => client.destroy())
        }
        // Never to be called again: this connection is stuck.
        else if (passes >= 0) passOn(null, chunk)
        else stalled.resolve()
      },
    })
    const answers = new Transform({
      transform(chunk: Buffer, _encoding, passOn) {
        if (losesAnswer) client.destroy()
        else if (passes >= 0) passOn(null, chunk)
        losesAnswer = false
      },
    })
    client.pipe(requests).pipe(upstream).pipe(answers).pipe(client)
  })
  const listen = async (on: number) => {
    server.listen(on, '127.0.0.1')
    await once(server, 'listening')
  }
  // Of those that the system gives to nobody meanwhile: after a cut it listens there again.
  const own = await freePort()
  await listen(own)

  const cut = async () => {
    server.close()
    for (const socket of sockets) socket.destroy()
  }
  const url = new URL(target)
  url.hostname = '127.0.0.1'
  url.port = String(own)
  return {
    url: url.href,
    cut,
    mend: async () => await listen(own),
    stall: async (afterBytes = 0) => {
      passes = afterBytes
      stalled = Promise.withResolvers()
      await stalled.promise
    },
    flow: () => {
      passes = Number.POSITIVE_INFINITY
      for (const socket of sockets) socket.destroy()
    },
    loseAnswer: () => {
      losesAnswer = true
    },
    cutEach: (bytes) => {
      mostBytes = bytes
      cuts = 0
      for (const socket of sockets) socket.destroy()
      return () => cuts
    },
    connections: () => sockets.size / 2,
    [Symbol.asyncDispose]: cut,
  }
}
