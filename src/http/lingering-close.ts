import type { Socket } from 'node:net'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { hasBody, waitsForContinue } from './body.ts'

/** How long a client may go on sending after its upload was refused, to come round to reading why. */
const LINGER_MS = 2_000

/** A rest of that length is soon here: it is read and thrown away, and the connection stays. */
const SMALL_BYTES = 64 * 1024

/** Whether more of the body is to come than is worth waiting for. */
export function isBodyLeft(request: FastifyRequest): boolean {
  const { complete, headers } = request.raw
  if (complete || !hasBody(request.raw)) return false
  // Whoever waits for "100 Continue" sends the body or does not: what comes next could be either.
  return waitsForContinue(request.raw) || !(Number(headers['content-length']) <= SMALL_BYTES)
}

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
  // @NOTE Once there is a reply, Node no longer tells the request that its connection is gone: whoever still reads the
  // body would wait for ever.
  socket.once('close', () => request.raw.destroy())

  // What Node calls when the reply is out.
  socket.destroySoon = () => {
    endLingering(socket)
    request.raw.once('end', () => socket.destroy())
  }
}

/**
 * For a reply that needs no body. Whoever waits for "100 Continue" never sends it, and the connection is closed, as what
 * comes next could be either. What others send all the same is read and thrown away, as Node does after a reply, so that they
 * come round to reading it: a phone that is sending would take a connection that closes for a failure, and begin anew.
 */
export function forgoBody(request: FastifyRequest, reply: FastifyReply, maxBytes: number): void {
  const { complete, headers } = request.raw
  if (complete || !hasBody(request.raw)) return
  const isBounded = Number(headers['content-length']) <= maxBytes
  if (waitsForContinue(request.raw) || !isBounded) closeAfterReply(request, reply)
}

/** Sends the last bytes and closes the connection when the other side has, or after a moment. */
export function endLingering(socket: Socket, lastBytes = ''): void {
  socket.end(lastBytes)
  const timer = setTimeout(() => socket.destroy(), LINGER_MS)
  socket.once('close', () => clearTimeout(timer))
}
