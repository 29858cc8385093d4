import type { PhotoHistory } from 'darkroom-client'

export type StepKind =
  | 'takenIn'
  | 'began'
  | 'ready'
  | 'failed'
  | 'lookBegan'
  | 'look'
  | 'lookNotMade'
  | 'public'
  | 'private'

/** What happened at a time, in milliseconds; `tookMs` since the step before it that led to it, `code` why it failed. */
export type Step = { at: number; kind: StepKind; tookMs: number | null; code: string | null }

type Happening = PhotoHistory['events'][number]

/** In their order, with when a worker began, which follows from what is told of its work. */
export function stepsOf({
  photo,
  events,
}: Pick<PhotoHistory, 'events'> & { photo: { addedAt: string } }): Step[] {
  const takenIn: Step = { at: Date.parse(photo.addedAt), kind: 'takenIn', tookMs: null, code: null }
  return [takenIn, ...events.flatMap(stepsOfOne)].toSorted((a, b) => a.at - b.at)
}

function stepsOfOne({ type, at: told, timing, failure, visibility }: Happening): Step[] {
  const at = Date.parse(told)
  const step = (kind: StepKind, tookMs = timing?.developedMs ?? null): Step => ({
    at,
    kind,
    tookMs,
    code: failure,
  })
  const after = (began: 'began' | 'lookBegan', shown: Step): Step[] =>
    timing
      ? [{ at: at - timing.developedMs, kind: began, tookMs: timing.waitedMs, code: null }, shown]
      : [shown]
  switch (type) {
    case 'photo.ready':
      return after('began', step('ready'))
    case 'photo.look':
      return timing ? after('lookBegan', step('look')) : [step('lookNotMade')]
    case 'photo.failed':
      return [step('failed')]
    case 'photo.visibility':
      return [step(visibility)]
    case 'photo.deleted':
      return []
  }
}
