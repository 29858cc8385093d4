import { expect, test, vi } from 'vitest'
import { Database } from '../src/catalog/database/database.ts'
import type { Cost } from '../src/catalog/runs/costs.ts'
import type { RecurringRuns } from '../src/catalog/runs/recurring-runs.ts'
import type { RunCosts } from '../src/catalog/runs/run-costs.ts'
import type { RunFailures } from '../src/catalog/runs/run-failures.ts'
import type { RunParts, TakenPart } from '../src/catalog/runs/run-parts.ts'
import type { Runs } from '../src/catalog/runs/runs.ts'
import type { PhotoId } from '../src/photo/photo-id.ts'
import { openTestDatabase } from './support/database.ts'
import { openRunServer } from './support/runs.ts'

const MINUTES = 60_000
/** All runs, the parts of one, a page of failures; but not the parts of all. */
const FEW = 2_000

type Plan = {
  'Actual Rows': number
  'Actual Loops': number
  'Rows Removed by Filter'?: number
  Plans?: Plan[]
}

/** A year of runs, one of which has failures by the hundred thousand, and one that is underway. */
const HISTORY = `
  insert into runs (kind, recurs, selection) select 'remake', false,
    jsonb_build_object('asked', n, 'pace', '{}'::jsonb) from generate_series(1, 1001) n;
  insert into run_parts (run, part, slice, selected, done, ended_at)
  select run, part, '{}', 100, 100, case when run <= 1000 then now() end
  from generate_series(1, 1001) run, generate_series(1, 128) part;
  update run_parts set done = 50 where run = 1001;
  insert into run_failures (run, photo_id, code, message, attempts)
  select 1, n, case when n % 100 = 0 then 'corrupt_photo' else 'too_large' end, 'It is torn.', 1
  from generate_series(1, 200000) n;
  insert into run_costs (run, photo_id, cpu_ms, wall_ms, puts, put_bytes, bytes_before, bytes_after, had_failed)
  select run, n, 1, 1, 1, 1, 1, 1, false from generate_series(1, 1001) run, generate_series(1, 200) n;
  analyze runs, run_parts, run_failures, run_costs`

const move = {
  cursor: { id: '1' },
  inFlight: [],
  done: 1,
  skipped: 0,
  tally: {},
  costsOf: { done: ['1' as PhotoId], others: [], isKept: false },
  selected: null,
  heldBecause: null,
}
const failed = [{ photoId: '1' as PhotoId, code: 'corrupt_photo', message: 'It is torn.', attempts: 1 }]

const cost: Cost = {
  cpuMs: 1,
  wallMs: 1,
  puts: 1,
  putBytes: 1,
  bytesBefore: 1,
  bytesAfter: 1,
  hadFailed: false,
}

const CALLS: Record<
  string,
  (
    runs: Runs,
    parts: RunParts,
    part: TakenPart,
    costs: RunCosts,
    failures: RunFailures,
    recurring: RecurringRuns,
  ) => Promise<unknown>
> = {
  take: (_, parts) => parts.take({ holder: 'b', kinds: ['remake', 'other'], except: [] }),
  'take nothing': (_, parts) => parts.take({ holder: 'b', kinds: ['remake'], except: [1001] }),
  move: (_, parts, part) => parts.move(part, { ...move, failed }),
  extend: (_, parts, part) => parts.extend(part),
  leave: (_, parts, part) => parts.leave(part, 0),
  find: (runs) => runs.find(1001),
  failures: (_, __, ___, ____, failures) =>
    failures.page(1, { code: null, after: '100000' as PhotoId, limit: 500 }),
  tell: (_, __, ___, costs) => costs.tell(1001, '7' as PhotoId, cost),
  'failures with a code': (_, __, ___, ____, failures) =>
    failures.page(1, { code: 'corrupt_photo', after: '100000' as PhotoId, limit: 500 }),
  'codes of failures': (_, __, ___, ____, failures) => failures.codes(1),
  'keep recurring': (_, __, ___, ____, _____, recurring) =>
    recurring.keep({ kind: 'sweep', slices: [{}], inSeconds: 60 }),
  recurring: (_, __, ___, ____, _____, recurring) => recurring.find('sweep'),
  'a page of runs': (runs) => runs.page({ before: 900, limit: 10 }),
  'the last that was asked for': (runs) => runs.lastComplete('sample', { asked: 'x', days: 30 }),
  'begin once': (runs) =>
    runs.startOnce(
      { kind: 'remake', selection: {}, slices: [{}] },
      { by: 'alice', key: 'k', fingerprint: 'f' },
    ),
  'begun before': (runs) => runs.begun({ by: 'alice', key: 'k', fingerprint: 'f' }),
  'change the pace': (runs) => runs.changePace(1001, { rate: 1 }),
  'the pace': (runs) => runs.paceOf(1001),
  claim: (runs) => runs.claim(1001, {}),
  note: (runs) => runs.note(1001, { sample: {} }),
  'costs of a run': (_, __, ___, costs) => costs.ofRun(1, 500),
  start: (runs) => runs.start({ kind: 'remake', selection: {}, slices: Array(128).fill({}) }),
}

test('what servers ask of runs costs the same however many runs there were', {
  timeout: 5 * MINUTES,
}, async () => {
  await using database = await openTestDatabase()
  await database.query(HISTORY)
  await using server = openRunServer(database)
  const { runs, runParts, runCosts, runFailures, recurringRuns } = server.catalog
  const part = (await runParts.take({ holder: 'a', kinds: ['remake'], except: [] })) as TakenPart

  const query = Database.prototype.query
  const rows: Record<string, number> = {}
  for (const [name, call] of Object.entries(CALLS)) {
    using _asked = vi.spyOn(Database.prototype, 'query').mockImplementation(async function (
      this: Database,
      statement,
      values = [],
    ) {
      rows[name] = Math.max(rows[name] ?? 0, await mostRows(this, statement, values))
      return await query.call(this, statement, values)
    } as typeof query)
    await call(runs, runParts, part, runCosts, runFailures, recurringRuns)
  }

  expect(Object.keys(rows)).toEqual(Object.keys(CALLS))
  expect(Object.entries(rows).filter(([, count]) => count > FEW)).toEqual([])
})

/** The most rows that a step of the statement's plan reads; what it did is undone. */
async function mostRows(database: Database, statement: string, values: readonly unknown[]): Promise<number> {
  const undone = new Error('undone')
  let most = 0
  await database
    .transaction(async ({ query }) => {
      const [row] = await query<{ 'QUERY PLAN': [{ Plan: Plan }] }>(
        `explain (analyze, format json) ${statement}`,
        values,
      )
      most = row ? mostOf(row['QUERY PLAN'][0].Plan) : 0
      throw undone
    })
    .catch((error) => {
      if (error !== undone) throw error
    })
  return most
}

function mostOf(plan: Plan): number {
  const own = (plan['Actual Rows'] + (plan['Rows Removed by Filter'] ?? 0)) * plan['Actual Loops']
  return Math.max(own, ...(plan.Plans ?? []).map(mostOf))
}
