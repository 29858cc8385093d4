import { RUNS_HERE, RUNS_SHARD, type StoredState } from '../src/catalog/runs.ts'
import type { ShardMap } from '../src/catalog/shard-map.ts'
import type { Job } from '../src/queue/job.ts'

/** A part of a run, as it stands in the catalog. */
export type Part = {
  run: number
  part: number
  kind: string
  recurs: boolean
  state: StoredState
  cursor: unknown
  inFlight: readonly unknown[]
  selected: number
  done: number
  skipped: number
  failed: number
  /** How many photos are kept as failed. */
  failures: number
  holder: string | null
  isEnded: boolean
}

/** All parts of all runs, as they are in one moment. */
export async function lookAtRuns(shards: Pick<ShardMap, 'of'>): Promise<Part[]> {
  return await shards.of(RUNS_SHARD).query<Part>(
    `select r.id as run, p.part, r.kind, r.recurs, r.state, p.cursor, p.in_flight as "inFlight",
       coalesce(p.selected, 0)::float8 as selected, p.done::float8 as done, p.skipped::float8 as skipped,
       p.failed::float8 as failed, (select count(*)::int from run_failures f where f.run = r.id) as failures,
       p.holder, p.ended_at is not null as "isEnded"
     from runs r join run_parts p on p.run = r.id where ${RUNS_HERE} order by r.id, p.part`,
    [],
  )
}

/**
 * A line for each thing that no run may ever be, and for each that became of one since the look before. `steered` are the
 * runs that were paused, resumed or cancelled between the two, or may have been.
 */
export function checkLook(
  before: readonly Part[],
  now: readonly Part[],
  steered: ReadonlySet<number>,
): string[] {
  const found = new Map(now.map((part) => [nameOf(part), part]))
  const since = before.flatMap((part) => {
    const later = found.get(nameOf(part))
    return later ? checkSince(part, later, steered) : [`${nameOf(part)} is gone`]
  })
  return [...leaders(now), ...now.flatMap(checkPart), ...since]
}

function nameOf({ run, kind, part }: Part): string {
  return `run ${run} (${kind}), part ${part},`
}

/** Of each kind that recurs there is one run, in one part: so one server at a time leads. */
function leaders(parts: readonly Part[]): string[] {
  return [
    ...Map.groupBy(
      parts.filter(({ recurs }) => recurs),
      ({ kind }) => kind,
    ),
  ]
    .filter(([, same]) => same.length > 1)
    .map(([kind, same]) => `the run ${kind} recurs in ${same.length} parts, each with a leader`)
}

function checkPart(part: Part): string[] {
  const { selected, done, skipped, failed, failures, recurs, state, cursor, isEnded, inFlight, holder } = part
  const left = selected - done - skipped - failed
  const jobs = inFlight as readonly Job[]
  const ids = jobs.map(({ photoId }) => photoId)
  return [
    ...(left < 0 ? [`has ${left} photos left of ${selected}`] : []),
    ...(failures > 0 !== failed > 0 ? [`has ${failed} photos that failed, and tells of ${failures}`] : []),
    ...(failed > 0 ? [`has ${failed} photos that failed`] : []),
    ...(new Set(ids).size < ids.length ? ['has a photo in flight twice'] : []),
    ...(typeof cursor === 'string' && ids.some((id) => BigInt(id) > BigInt(cursor))
      ? ['has a photo in flight that is behind its cursor']
      : []),
    ...(recurs && (isEnded || !['running', 'paused'].includes(state)) ? [`recurs and is ${state}`] : []),
    ...(isEnded && (left > 0 || jobs.length > 0 || holder !== null)
      ? [`has ended with ${left} photos left, ${jobs.length} in flight`]
      : []),
  ].map((what) => `${nameOf(part)} ${what}`)
}

function checkSince(before: Part, now: Part, steered: ReadonlySet<number>): string[] {
  const fewer = (['selected', 'done', 'skipped', 'failed'] as const).filter(
    (name) => now[name] < before[name],
  )
  const isFrozen = before.isEnded || before.state === 'cancelled' || before.state === 'paused'
  // Who held it when it was paused may still record what it had begun.
  const isLeft = before.holder === null && now.state === before.state && !steered.has(now.run)
  return [
    ...fewer.map((name) => `had ${before[name]} ${name}, and has ${now[name]}`),
    ...(!now.recurs && isBehind(now.cursor, before.cursor)
      ? [`had its cursor at ${JSON.stringify(before.cursor)}, and has it at ${JSON.stringify(now.cursor)}`]
      : []),
    ...(before.state === 'cancelled' && now.state !== 'cancelled'
      ? [`was cancelled, and is ${now.state}`]
      : []),
    ...(before.isEnded && !now.isEnded ? ['had ended, and goes on'] : []),
    ...(isFrozen && isLeft && stepOf(before) !== stepOf(now)
      ? [
          `was ${before.isEnded ? 'complete' : before.state}, and came from ${stepOf(before)} to ${stepOf(now)}`,
        ]
      : []),
  ].map((what) => `${nameOf(now)} ${what}`)
}

function stepOf({ cursor, inFlight, selected, done, skipped, failed }: Part): string {
  return JSON.stringify({ cursor, inFlight: inFlight.length, selected, done, skipped, failed })
}

/** Cursors are ids of photos, or laps, which end at no cursor. */
function isBehind(cursor: unknown, before: unknown): boolean {
  if (typeof before === 'string') return typeof cursor !== 'string' || BigInt(cursor) < BigInt(before)
  const placeOf = (lap: unknown) => (lap as { next: number } | null)?.next
  const [place, placeBefore] = [placeOf(cursor), placeOf(before)]
  return place !== undefined && placeBefore !== undefined && place < placeBefore
}
