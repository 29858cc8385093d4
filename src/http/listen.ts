import { lookup } from 'node:dns/promises'
import { createServer } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import type { FastifyInstance } from 'fastify'
import { SetupError } from '../errors.ts'

/** For the last answers to go out and be read. */
const ANSWER_MS = 3_000

export type Address = { host: string; port: number }

/**
 * Throws SetupError when the address can't be listened on. @NOTE Of `localhost` Fastify would make two servers, the
 * second of which has none of what we add to the first.
 */
export async function listen(app: FastifyInstance, { host, port }: Address): Promise<void> {
  try {
    const { address } = await lookup(host)
    await app.listen({ host: address, port })
  } catch (error) {
    throw addressError(error as Error, { host, port })
  }
}

/**
 * Takes no more connections, at once, and lets requests in flight finish. When they have not within `ms`, `interrupt` is
 * called, which has them answered, and what goes on even then is cut.
 */
export async function drain(app: FastifyInstance, ms: number, interrupt: () => void): Promise<void> {
  const steps = new AbortController()
  const late = async () => {
    await sleep(ms, undefined, { signal: steps.signal })
    interrupt()
    await sleep(ANSWER_MS, undefined, { signal: steps.signal })
    app.server.closeAllConnections()
  }
  const closed = app.close()
  late().catch(() => {})
  await closed
  steps.abort()
}

/** Resolves when the address can be listened on at this moment; throws SetupError otherwise. */
export async function checkAddress({ host, port }: Address): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  const probe = createServer().once('error', reject)
  probe.listen({ host, port }, () => probe.close(() => resolve()))
  await promise.catch((error) => {
    throw addressError(error, { host, port })
  })
}

function addressError(error: Error & { code?: string }, { host, port }: Address): Error {
  switch (error.code) {
    case 'EADDRINUSE':
      return new SetupError(
        `Port ${port} on ${host} is taken by another program. Choose another with PORT, such as PORT=${port + 1}.`,
      )
    case 'EACCES':
      return new SetupError(`Port ${port} is not open to this user. Choose one above 1023 with PORT.`)
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
      return new SetupError(`HOST ${host} is no address of this machine.`)
    default:
      return error
  }
}
