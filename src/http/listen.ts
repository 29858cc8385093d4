import { createServer } from 'node:net'
import type { FastifyInstance } from 'fastify'
import { SetupError } from '../errors.ts'

export type Address = { host: string; port: number }

/** Throws SetupError when the address can't be listened on. */
export async function listen(app: FastifyInstance, { host, port }: Address): Promise<void> {
  await app.listen({ host, port }).catch((error) => {
    throw addressError(error, { host, port })
  })
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
