import type { FastifyReply } from 'fastify'
import { type DailyLimits, type DailyUse, leftOf } from '../../photo/daily-limits.ts'

const DAY_S = 86_400

/** Of what there is a limit, how much, and what is left of it for so long. */
export type LimitLeft = {
  name: 'owner' | 'address' | 'photos' | 'bytes'
  most: number
  left: number
  windowSeconds: number
  resetSeconds: number
}

/** Says in the reply what is left, in the fields of draft-ietf-httpapi-ratelimit-headers-10, beside what they say already. */
export function tellLimit(reply: FastifyReply, limit: LimitLeft): void {
  const { name, most, left, windowSeconds, resetSeconds } = limit
  const unit = name === 'bytes' ? ';qu="content-bytes"' : ''
  addField(reply, 'ratelimit-policy', `"${name}";q=${most};w=${windowSeconds}${unit}`)
  addField(reply, 'ratelimit', `"${name}";r=${left};t=${resetSeconds}`)
}

/** Says what is left of a day. */
export function tellDay(reply: FastifyReply, limits: DailyLimits, used: DailyUse): void {
  const left = leftOf(limits, used)
  const resetSeconds = secondsUntil(used.resetsAt)
  for (const name of ['photos', 'bytes'] as const) {
    const [most, rest] = [limits[name], left[name]]
    if (most !== null && rest !== null)
      tellLimit(reply, { name, most, left: rest, windowSeconds: DAY_S, resetSeconds })
  }
}

export function secondsUntil(time: Date): number {
  return Math.max(1, Math.ceil((time.getTime() - Date.now()) / 1000))
}

/** One more member of a list (RFC 9651, 3.1). */
function addField(reply: FastifyReply, name: string, member: string): void {
  const before = reply.getHeader(name)
  reply.header(name, before === undefined ? member : `${before}, ${member}`)
}
