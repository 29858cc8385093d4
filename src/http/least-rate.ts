import type { IncomingMessage } from 'node:http'
import type { FastifyInstance } from 'fastify'
import { hasBody } from './body.ts'
import { RequestTimeoutError } from './errors.ts'

/** A body may take `graceSeconds`, and a second more for each `bytesPerSecond` of it that have come. */
export type LeastRate = { graceSeconds: number; bytesPerSecond: number }

/** What a phone on GPRS, the slowest network there is, still does: a photo of 3 MB may take 13 minutes. */
export const LEAST_RATE: LeastRate = { graceSeconds: 60, bytesPerSecond: 4_000 }

const LOOKS_PER_SECOND = 4

/**
 * Ends a request whose body drips, with RequestTimeoutError, so that nobody can hold a connection and a temporary file
 * for little. Only the time is counted in which nothing that came is left to be read: what waits for our disk is not
 * held against the client.
 */
export function demandLeastRate(app: FastifyInstance, { graceSeconds, bytesPerSecond }: LeastRate): void {
  const ended = new WeakSet<IncomingMessage>()
  app.addHook('preParsing', async ({ raw }, reply) => {
    if (!hasBody(raw)) return
    const { socket } = raw
    const bytesBefore = socket.bytesRead
    let waitedSeconds = 0
    const timer = setInterval(() => {
      if (raw.readableLength > 0) return
      waitedSeconds += 1 / LOOKS_PER_SECOND
      if (waitedSeconds <= graceSeconds + (socket.bytesRead - bytesBefore) / bytesPerSecond) return
      clearInterval(timer)
      ended.add(raw)
      if (reply.sent) socket.destroy()
      else reply.send(new RequestTimeoutError())
    }, 1000 / LOOKS_PER_SECOND)
    raw.once('end', () => clearInterval(timer)).once('close', () => clearInterval(timer))
  })

  // Whoever was reading the body fails of it, after the reply: Fastify would call that an error of ours.
  app.addHook('onRoute', (route) => {
    const { handler } = route
    route.handler = async function (request, reply) {
      try {
        return await handler.call(this, request, reply)
      } catch (error) {
        if (!ended.has(request.raw)) throw error
      }
    }
  })
}
