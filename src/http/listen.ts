import { lookup } from 'node:dns/promises'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import type { FastifyInstance } from 'fastify'
import { SetupError } from '../errors.ts'

/** For the last answers to go out and be read. */
const ANSWER_MS = 3_000

export type Address = { host: string; port: number }

/**
 * Throws SetupError when the address can't be listened on. Of a name it is one address, that of IPv4 where it has one.
 * @NOTE Of `localhost` Fastify would make two servers, the second of which has none of what we add to the first.
 */
export async function listen(app: FastifyInstance, { host, port }: Address): Promise<void> {
  try {
    await app.listen({ host: await addressOf(host), port })
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
  try {
    const probe = createServer().listen({ host: await addressOf(host), port })
    await once(probe, 'listening')
    probe.close()
    await once(probe, 'close')
  } catch (error) {
    throw addressError(error as Error, { host, port })
  }
}

async function addressOf(host: string): Promise<string> {
  const { address } = await lookup(host, { order: 'ipv4first' })
  return address
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
