import { Type } from 'typebox'

export const preferWait = Type.Object({
  prefer: Type.Optional(
    Type.String({
      description: '`wait=N` (RFC 7240): answer when it is done, or after N seconds (60 at most).',
    }),
  ),
})

/** What `Prefer` was heeded with. */
export const preferenceApplied = {
  'preference-applied': { type: 'string', description: 'The `wait=N` that was heeded.' },
} as const
const MAX_WAIT_S = 60

/** Seconds that `Prefer: wait=N` (RFC 7240) asks for, at most 60; 0 without one. */
export function preferredWait(header: string | string[] | undefined): number {
  const text = Array.isArray(header) ? header.join(',') : (header ?? '')
  const seconds = /(?:^|[,;])\s*wait\s*=\s*"?(\d+)"?\s*(?:$|[,;])/i.exec(text)?.[1]
  return Math.min(Number(seconds ?? 0), MAX_WAIT_S)
}
