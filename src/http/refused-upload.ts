import type { FastifyReply, FastifyRequest } from 'fastify'

/** How long a client may go on sending after its upload was refused, to come round to reading why. */
const LINGER_MS = 2_000

/**
 * Ends the connection of a request whose body is still coming: it would else be held until the keep-alive
 * timeout. Closing it at once would reset it while the client is sending, and the client would not see the reply.
 * So our side is ended after the reply, and what still comes is thrown away for a moment: a lingering close, as
 * nginx does it.
 */
export function closeAfterReply(request: FastifyRequest, reply: FastifyReply): void {
  const { socket } = request.raw
  reply.header('connection', 'close')
  request.raw.unpipe()
  request.raw.on('error', () => {})
  request.raw.resume()

  // What Node calls when the reply is out.
  socket.destroySoon = () => {
    socket.end()
    const timer = setTimeout(() => socket.destroy(), LINGER_MS)
    socket.once('close', () => clearTimeout(timer))
    request.raw.once('end', () => socket.destroy())
  }
}
