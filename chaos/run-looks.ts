import type { StoredState } from '../src/catalog/runs/reported-runs.ts'
import { RUNS_HERE, RUNS_SHARD } from '../src/catalog/runs/runs.ts'
import type { ShardMap } from '../src/catalog/shards/shard-map.ts'
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
  /** How many photos of the run are kept as failed, and with which codes. */
  failures: number
  codes: readonly string[]
  tally: Readonly<Record<string, number>>
  holder: string | null
  isEnded: boolean
}

/** Runs that act on photos one by one, as an operator asked for: none stops by itself, unless it was told to. */
export const PHOTO_RUNS = ['reprocess', 'rollback', 'finish', 'verify', 'import']

/** With these a photo may fail that nothing is wrong with. */
const NO_FAULTS: Readonly<Record<string, readonly string[]>> = { verify: ['edge_refused'] }

/** All parts of all runs, as they are in one moment. */
export async function lookAtRuns(shards: Pick<ShardMap, 'of'>): Promise<Part[]> {
  return await shards.of(RUNS_SHARD).query<Part>(
    `select r.id as run, p.part, r.kind, r.recurs, r.state, p.cursor, p.in_flight as "inFlight",
       coalesce(p.selected, 0)::float8 as selected, p.done::float8 as done, p.skipped::float8 as skipped,
       p.failed::float8 as failed, (select count(*)::int from run_failures f where f.run = r.id) as failures,
       (select coalesce(array_agg(distinct code), '{}') from run_failures f where f.run = r.id) as codes, p.tally, p.holder, p.ended_at is not null as "isEnded"
     from runs r join run_parts p on p.run = r.id where ${RUNS_HERE} order by r.id, p.part`,
    [],
  )
}

/**
 * A line for each thing that no run may ever be, and for each that became of one since the look before. `steered` are the
 * runs that were paused, resumed or cancelled between the two, or may have been; of those that are `failing` photos fail.
 */
export function checkLook(
  before: readonly Part[],
  now: readonly Part[],
  steered: ReadonlySet<number>,
  failing: ReadonlySet<number> = new Set(),
): string[] {
  const found = new Map(now.map((part) => [nameOf(part), part]))
  const since = before.flatMap((part) => {
    const later = found.get(nameOf(part))
    return later ? checkSince(part, later, steered) : [`${nameOf(part)} is gone`]
  })
  const failed = now.filter(({ run }) => !failing.has(run)).flatMap(checkFailures)
  return [...leaders(now), ...now.flatMap(checkPart), ...failed, ...since]
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
  const { selected, done, skipped, failed, recurs, kind, state, cursor, isEnded, inFlight, holder } = part
  const left = selected - done - skipped - failed
  const ids = inFlight.map((each) => (typeof each === 'string' ? each : (each as Job).photoId))
  const isStopped = PHOTO_RUNS.includes(kind) && state === 'stopped'
  return [
    ...(left < 0 ? [`has ${left} photos left of ${selected}`] : []),
    ...(new Set(ids).size < ids.length ? ['has a photo in flight twice'] : []),
    ...(typeof cursor === 'string' && ids.some((id) => BigInt(id) > BigInt(cursor))
      ? ['has a photo in flight that is behind its cursor']
      : []),
    ...(recurs && (isEnded || !['running', 'paused'].includes(state)) ? [`recurs and is ${state}`] : []),
    ...(isStopped ? ['was stopped by itself'] : []),
    ...(part.tally.remade ? [`found ${part.tally.remade} renditions without an object`] : []),
    ...(isEnded && (left > 0 || inFlight.length > 0 || holder !== null)
      ? [`has ended with ${left} photos left, ${inFlight.length} in flight`]
      : []),
  ].map((what) => `${nameOf(part)} ${what}`)
}

/** Failures are told of all parts of a run together. */
function checkFailures(part: Part): string[] {
  const { kind, failed, failures, codes } = part
  const isFault = codes.some((code) => !NO_FAULTS[kind]?.includes(code))
  return [
    ...(failed > 0 && failures === 0 ? [`has ${failed} photos that failed, and tells of none`] : []),
    ...(failed > 0 && isFault ? [`has ${failed} photos that failed (${codes.join(', ')})`] : []),
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

/** Cursors are ids of photos; or laps, which end at no cursor; or they count photos or lines. */
function isBehind(cursor: unknown, before: unknown): boolean {
  if (typeof before === 'string') return typeof cursor !== 'string' || BigInt(cursor) < BigInt(before)
  const placesOf = (one: unknown) => (one ?? {}) as { next?: number } & Record<string, unknown>
  const [now, then] = [placesOf(cursor), placesOf(before)]
  const isLess = (name: string) => (then[name] ?? 0) > (now[name] ?? 0)
  if (['source', 'taken', 'lines'].some(isLess)) return true
  return now.next !== undefined && then.next !== undefined && now.next < then.next
}
