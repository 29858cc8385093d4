import { once } from 'node:events'
import { connect } from 'node:net'

export type RawReply = { status: number; headers: Headers; body: string }

/**
 * Sends bytes as they are, in pieces of their own packets, and resolves to all that came back when the server has
 * closed the connection.
 */
export async function exchange(
  url: string,
  bytes: string | Buffer,
  pieceBytes = 65_536,
): Promise<RawReply[]> {
  const { hostname, port } = new URL(url)
  const socket = connect({ host: hostname, port: Number(port), noDelay: true })
  const received: Buffer[] = []
  socket.on('data', (chunk) => received.push(chunk)).on('error', () => {})
  const closed = once(socket, 'close')

  const all = Buffer.from(bytes)
  for (let at = 0; at < all.length && socket.writable; at += pieceBytes) {
    await new Promise((sent) => socket.write(all.subarray(at, at + pieceBytes), sent))
  }
  await closed
  return repliesIn(Buffer.concat(received).toString('latin1'))
}

/** Replies one after the other, each with a Content-Length or none at all. */
function repliesIn(text: string): RawReply[] {
  const replies: RawReply[] = []
  for (let rest = text; rest !== ''; ) {
    const end = rest.indexOf('\r\n\r\n')
    const [first = '', ...lines] = rest.slice(0, end).split('\r\n')
    const headers = new Headers(lines.map((line) => line.split(/: ?(.*)/s).slice(0, 2) as [string, string]))
    const length = Number(headers.get('content-length') ?? 0)
    replies.push({
      status: Number(first.split(' ')[1]),
      headers,
      body: rest.slice(end + 4, end + 4 + length),
    })
    rest = rest.slice(end + 4 + length)
  }
  return replies
}
