import { setInterval as every } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { workRuns } from '../../src/runs/work-runs.ts'
import { laterRenditions } from '../../src/sweep/later-renditions.ts'
import { fixture } from '../../test/support/pictures.ts'
import { silentLog, startService } from '../../test/support/service.ts'
import { photoForm, postForm } from '../../test/support/uploads.ts'
import { endRuns } from '../end-runs.ts'
import { openDesk, RunLedger } from '../run-ledger.ts'
import { checkLook, type Part } from '../run-looks.ts'
import { settle } from '../settle.ts'

const part: Part = {
  run: 9,
  part: 1,
  kind: 'remake',
  recurs: false,
  state: 'running',
  cursor: '500',
  inFlight: [{ kind: 'finish', photoId: '499', edition: 0 }],
  selected: 10,
  done: 4,
  skipped: 1,
  failed: 0,
  failures: 0,
  codes: [],
  tally: {},
  holder: 'host 12 abcd',
  isEnded: false,
}
const left: Part = { ...part, holder: null, inFlight: [] }

/** What is found of a part by itself, and after another look at it. */
const check = (now: Partial<Part>, before: Part = part, steered: readonly number[] = []) =>
  checkLook([before], [{ ...before, ...now }], new Set(steered)).map((line) =>
    line.replace('run 9 (remake), part 1, ', ''),
  )

describe('looks at runs', () => {
  test('find nothing when a run goes on, comes to its end, or is steered', () => {
    expect(check({ cursor: '600', inFlight: [], done: 6 })).toEqual([])
    expect(check({ cursor: '600', inFlight: [], done: 9, isEnded: true, holder: null })).toEqual([])
    expect(check({ state: 'paused', done: 5 })).toEqual([])
    expect(check({ done: 5 }, { ...left, state: 'paused' }, [9])).toEqual([])
    expect(check({ done: 5 }, { ...part, state: 'paused' })).toEqual([])
  })

  test('find counts that do not add up, that shrink, and a cursor that goes back', () => {
    expect(check({ done: 10 })).toEqual(['has -1 photos left of 10'])
    expect(check({ done: 3 })).toEqual(['had 4 done, and has 3'])
    expect(check({ cursor: '499', inFlight: [] })).toEqual(['had its cursor at "500", and has it at "499"'])
    expect(check({ cursor: null, inFlight: [] })).toEqual(['had its cursor at "500", and has it at null'])
    expect(check({ cursor: { next: 3 } }, { ...left, cursor: { next: 4 } })).toHaveLength(1)
    expect(check({ cursor: { next: 4 } }, { ...left, cursor: { next: 3 } })).toEqual([])
    const counted = { ...left, cursor: { source: 1, at: '3', taken: 7 } }
    expect(check({ cursor: { source: 1, at: '9', taken: 6 } }, counted)).toHaveLength(1)
    expect(check({ cursor: { source: 0, at: '3', taken: 7 } }, counted)).toHaveLength(1)
    expect(check({ cursor: { source: 2, at: null, taken: 7 } }, counted)).toEqual([])
    expect(check({ cursor: { lines: 4 } }, { ...left, cursor: { lines: 5 } })).toHaveLength(1)
  })

  test('find a photo that is in flight twice, or behind the cursor', () => {
    const [job] = part.inFlight
    expect(check({ inFlight: [job, job] })).toEqual(['has a photo in flight twice'])
    expect(check({ inFlight: [{ kind: 'finish', photoId: '501', edition: 0 }] })).toEqual([
      'has a photo in flight that is behind its cursor',
    ])
    const aside = { ...left, kind: 'rollback', inFlight: ['498', '500'] }
    expect(checkLook([], [aside], new Set())).toEqual([])
    expect(checkLook([], [{ ...aside, inFlight: ['500', '500'] }], new Set())).toHaveLength(1)
  })

  test('find photos that failed, unless they are meant to, and those of which nothing is told', () => {
    const failed = { failed: 1, failures: 1, codes: ['not_done'] }
    expect(check(failed)).toEqual(['has 1 photos that failed (not_done)'])
    expect(check({ failed: 1 })).toEqual(['has 1 photos that failed, and tells of none'])
    expect(checkLook([part], [{ ...part, ...failed }], new Set(), new Set([9]))).toEqual([])
    const verify = { ...part, kind: 'verify' }
    expect(check({ ...failed, codes: ['edge_refused'] }, verify)).toEqual([])
    expect(check({ ...failed, codes: ['edge_refused', 'object_missing'] }, verify)).toHaveLength(1)
  })

  test('find a run that stopped by itself, and renditions that had no object', () => {
    expect(check({ state: 'stopped' }, { ...left, kind: 'reprocess' })).toHaveLength(1)
    expect(check({ tally: { remade: 2 } })).toEqual(['found 2 renditions without an object'])
  })

  test('find what a run does that is paused, cancelled or complete', () => {
    expect(check({ done: 5 }, { ...left, state: 'paused' })).toEqual([
      expect.stringMatching(/^was paused, and came from .*"done":4.* to .*"done":5/),
    ])
    expect(check({ done: 5 }, { ...left, state: 'cancelled' })).toHaveLength(1)
    expect(check({ state: 'running' }, { ...left, state: 'cancelled' })).toEqual([
      'was cancelled, and is running',
    ])
    const ended = { ...left, isEnded: true, done: 9 }
    expect(check({ skipped: 2, done: 8 }, ended)).toEqual(
      expect.arrayContaining([expect.stringMatching('^was complete, and came')]),
    )
    expect(check({ isEnded: false }, ended)).toEqual(['had ended, and goes on'])
    expect(check({}, { ...left, isEnded: true })).toEqual(['has ended with 5 photos left, 0 in flight'])
  })

  test('find a run that is gone, one that recurs and has ended, and two leaders', () => {
    expect(checkLook([part], [], new Set())).toEqual(['run 9 (remake), part 1, is gone'])
    expect(check({}, { ...left, recurs: true, state: 'stopped' })).toEqual(['recurs and is stopped'])
    const one = { ...left, recurs: true }
    expect(checkLook([], [one, { ...one, run: 10 }], new Set())).toEqual([
      'the run remake recurs in 2 parts, each with a leader',
    ])
  })
})

const MINUTES = { timeout: 180_000 }
const PATIENCE = { timeout: 60_000, interval: 100 }

/** Two photos with their AVIF, and an operator who looks at runs; no server works them until asked. */
async function openOffice() {
  await using opened = new AsyncDisposableStack()
  const service = opened.use(await startService())
  for (const name of ['plain.jpg', 'sample.jpg']) await postForm(service, photoForm(await fixture(name)))
  opened.use(service.work({ withAvif: true }))
  await settle(service, silentLog)
  const desk = opened.use(await openDesk(service.config))
  const owned = opened.move()
  return {
    service,
    desk,
    ledger: new RunLedger({ isExact: true }),
    workRuns: () => workRuns({ engines: service, kinds: [laterRenditions], log: silentLog, askMs: 100 }),
    [Symbol.asyncDispose]: async () => await owned.disposeAsync(),
  }
}

describe('the ledger of runs', () => {
  test('has nothing of a run that makes all it has to, and how many photos that were', MINUTES, async () => {
    await using office = await openOffice()
    const { desk, ledger } = office
    const run = await ledger.startAvif(desk, 10, 'any')

    await using _server = office.workRuns()
    await expect
      .poll(async () => {
        await ledger.look(desk)
        return (await desk.runs.find(run)).state
      }, PATIENCE)
      .toBe('complete')
    await ledger.look(desk)

    expect([...ledger.findings]).toEqual([])
    expect(ledger.done).toBe(2)
  })

  test('has each photo that a run which is complete left out', MINUTES, async () => {
    await using office = await openOffice()
    const { desk, ledger, service } = office
    const run = await ledger.startAvif(desk, 10, 'any')
    await service.database.query(`update run_parts set ended_at = now() where run = ${run}`)

    await ledger.look(desk)

    expect([...ledger.findings]).toEqual([
      expect.stringMatching(`^run ${run} is complete, and photo \\d+ has no AVIF$`),
      expect.stringMatching(`^run ${run} is complete, and photo \\d+ has no AVIF$`),
    ])
  })

  test('has nothing at the end when what is paused waits, and what is resumed ends', MINUTES, async () => {
    await using office = await openOffice()
    const { desk, ledger, service } = office
    await using _server = office.workRuns()

    await endRuns(desk, service, ledger)

    expect([...ledger.findings]).toEqual([])
    const started = (await desk.runs.list()).filter(({ recurs }) => !recurs)
    expect(started.map(({ kind, state }) => [kind, state])).toEqual([['later renditions', 'complete']])
  })

  test('has what is made while all runs of it are paused', MINUTES, async () => {
    await using office = await openOffice()
    const { desk, ledger, service } = office
    await using _server = office.workRuns()
    const ended = new AbortController()
    const wild = (async () => {
      for await (const _ of every(1_000, null, { signal: ended.signal })) {
        const found = await service.catalog.renditions.withoutLater(new Date(), null, 10)
        for (const { id, edition } of found) {
          await service.queue.enqueue({ kind: 'finish', photoId: id, edition })
        }
      }
    })().catch(() => {})

    await endRuns(desk, service, ledger)
    ended.abort()
    await wild

    expect([...ledger.findings]).toEqual(['2 photos got AVIF while all runs of it were paused'])
  })
})
