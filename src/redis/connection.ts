import type { RedisAddress } from '../config/redis-url.ts'
import type { Log } from '../log.ts'
import { createRedisClient, type Patience, type RedisClient } from './client.ts'

/**
 * Says once that the server became unavailable and once that it is back, instead of once for every attempt. `trouble` is why
 * it is unavailable, or null.
 */
export function connect(
  address: RedisAddress,
  patience: Patience,
  log: Log,
): { client: RedisClient; trouble(): Error | null } {
  let trouble: Error | null = null
  /** It connects anew then, and until it has, commands only say that there is no connection. A cluster's nodes do so by themselves. */
  let replica: Error | null = null
  const client = createRedisClient(address, patience, (error) => {
    if (address.kind !== 'cluster') replica = error
  })
  client.on('error', (error: Error & { lastNodeError?: Error }) => {
    const reason = error.lastNodeError ?? error
    if (!trouble)
      log.warn({ cause: reason.message }, 'Redis is unavailable; connecting again until it is back')
    trouble = reason
  })
  client.on('ready', () => {
    if (trouble) log.info('Redis is back')
    trouble = replica = null
  })
  return { client, trouble: () => trouble ?? replica }
}

/** Resolves when the first attempt to connect has ended, well or not. */
export async function firstAttempt(client: RedisClient): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  client.once('ready', resolve).once('error', () => resolve())
  await promise
}
