import rateLimit, { normalizeIP } from '@fastify/rate-limit'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { type Log, onceAMinute } from '../../log.ts'
import type { RedisClient } from '../../redis/client.ts'
import { TooManyRequestsError } from '../errors.ts'
import { tellLimit } from './limit-fields.ts'

export type RequestRates = {
  /** Of what is counted for itself. */
  name?: string
  /** Requests a second of one owner, and of one address; null for any number. */
  perOwner: number | null
  perAddress: number | null
  /** Where all servers count together; null to count those of this process alone. */
  counters: RedisClient | null
}

/** Counted for so long at a time, so that a moment's burst is none of too many. */
const WINDOW_S = 10
const NAME_SPACE = '{darkroom}:rate:'
/** So many are counted in this process at most; the one that has not asked for longest is forgotten. */
const LOCAL_KEYS = 50_000
/** Counters that did not answer are not asked for so long: no request shall wait for them. */
const REST_MS = 5_000

/** Whom a request is counted for, by what they have made of their window. */
type Counted = { name: 'owner' | 'address'; key: string; most: number }

/**
 * What holds a request against its owner's and its address's rate, and says in the reply what is left. It throws TooManyRequestsError. While the counters are unavailable every
 * request is let in.
 */
export async function createRequestRates(
  app: FastifyInstance,
  { name: room, perOwner, perAddress, counters }: RequestRates,
  log: Log,
) {
  await app.register(rateLimit, {
    global: false,
    timeWindow: WINDOW_S * 1000,
    keyGenerator: (request) => countedOf(request).key,
    max: (request) => countedOf(request).most,
    ...(counters
      ? { redis: counters, nameSpace: room ? `${NAME_SPACE}${room}:` : NAME_SPACE }
      : { cache: LOCAL_KEYS }),
  })
  const count = app.createRateLimit()
  const tellUnavailable = onceAMinute((fields, message) => log.warn(fields, message))
  let restsUntil = 0

  /** Of a request that has no owner yet, its address. */
  function countedOf({ owner, ip }: FastifyRequest): Counted {
    return owner
      ? { name: 'owner', key: `owner:${owner}`, most: (perOwner ?? 0) * WINDOW_S }
      : { name: 'address', key: `address:${normalizeIP(ip)}`, most: (perAddress ?? 0) * WINDOW_S }
  }

  return async (request: FastifyRequest, reply: FastifyReply): Promise<void> => {
    const { name, most } = countedOf(request)
    if (most === 0 || performance.now() < restsUntil) return
    const counted = await count(request).catch((err) => {
      restsUntil = performance.now() + REST_MS
      tellUnavailable({ err }, 'requests are not counted while Redis is unavailable')
    })
    if (!counted || counted.isAllowed) return
    const { remaining, ttlInSeconds, isExceeded } = counted
    tellLimit(reply, { name, most, left: remaining, windowSeconds: WINDOW_S, resetSeconds: ttlInSeconds })
    if (isExceeded) throw new TooManyRequestsError(name, ttlInSeconds)
  }
}
