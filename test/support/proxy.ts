import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'

/** A real connection that can be cut: what goes through `url` ends at the server of the URL that was given. */
export type Proxy = AsyncDisposable & { url: string; cut(): Promise<void>; mend(): Promise<void> }

export async function startProxy(target: string): Promise<Proxy> {
  const { hostname, port } = new URL(target)
  const sockets = new Set<Socket>()
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
    client.pipe(upstream).pipe(client)
  })
  const listen = async (on: number) => {
    server.listen(on, '127.0.0.1')
    await once(server, 'listening')
  }
  await listen(0)
  const address = server.address() as { port: number }

  const cut = async () => {
    server.close()
    for (const socket of sockets) socket.destroy()
  }
  const url = new URL(target)
  url.hostname = '127.0.0.1'
  url.port = String(address.port)
  return { url: url.href, cut, mend: async () => await listen(address.port), [Symbol.asyncDispose]: cut }
}
