import { describe, expect, test } from 'vitest'
import type { RunReport } from '../src/catalog/runs/reported-runs.ts'
import { paceOf } from '../src/commands/runs/run-pace.ts'
import { runScreen } from '../src/commands/runs/run-screen.ts'
import { SetupError } from '../src/errors.ts'
import type { PhotoId } from '../src/photo/photo-id.ts'
import type { RunKind } from '../src/runs/run-kind.ts'
import { openTestDatabase } from './support/database.ts'
import { runDarkroom } from './support/run-darkroom.ts'
import { openRunServer, work } from './support/runs.ts'

const MINUTES = { timeout: 180_000 }
const photoId = '764879989359635463' as PhotoId

/** Of 1,200 photos one fails. */
const remake: RunKind = {
  name: 'remake',
  pauseMs: null,
  slices: () => [{}],
  count: async () => 1_200,
  work: async function* () {
    yield { cursor: 1, done: 1_199, tally: { 'bytes saved': 5_000 } }
    yield { cursor: 2, failed: [{ photoId, code: 'corrupt_photo', message: 'It is torn.', attempts: 3 }] }
  },
}

const refused: RunKind = {
  ...remake,
  name: 'refused',
  work: () => {
    throw new SetupError('The bucket belongs to another installation.')
  },
}

async function openRuns() {
  await using opened = new AsyncDisposableStack()
  const database = opened.use(await openTestDatabase())
  const server = opened.use(openRunServer(database))
  const { runs, recurringRuns } = server.catalog
  const owned = opened.move()
  return {
    runs,
    recurringRuns,
    start: async ({ name, slices }: RunKind) =>
      await runs.start({ kind: name, selection: { owner: 'alice' }, slices: slices({}) }),
    /** Does all there is to do. */
    workUntil: async (run: number, state: RunReport['state']) => {
      await using _working = work(server, [remake, refused])
      await expect.poll(async () => (await runs.find(run)).state).toBe(state)
    },
    darkroom: async (...args: string[]) => await runDarkroom(args, { DATABASE_URL: database.url }),
    [Symbol.asyncDispose]: async () => await owned.disposeAsync(),
  }
}

describe('darkroom runs', () => {
  test('lists every run with its state and counts, as a table and as JSON', MINUTES, async () => {
    await using opened = await openRuns()
    const first = await opened.start(remake)
    await opened.workUntil(first, 'complete')
    await opened.start(remake)
    const third = await opened.start(refused)
    await opened.runs.pause(third)

    const { stdout, code } = await opened.darkroom('runs')
    const json = await opened.darkroom('runs', '--json')

    expect(code).toBe(0)
    const lines = stdout.trimEnd().split('\n')
    expect(
      lines.map((line) =>
        line
          .split(/ {2,}/)
          .map((cell) => cell.trim())
          .filter(Boolean)
          .slice(0, 9),
      ),
    ).toEqual([
      ['run', 'kind', 'state', 'progress', 'selected', 'done', 'skipped', 'failed', 'left'],
      ['3', 'refused', 'paused', 'counting', '0+', '0', '0', '0', '0'],
      ['2', 'remake', 'running', 'counting', '0+', '0', '0', '0', '0'],
      ['1', 'remake', 'complete', '100.0 %', '1,200', '1,199', '0', '1', '0'],
    ])
    expect(JSON.parse(json.stdout)).toMatchObject([{ id: 3 }, { id: 2 }, { id: 1, done: 1_199, failed: 1 }])
  })

  test('shows one, what failed of it, and by its exit code how it ended', MINUTES, async () => {
    await using opened = await openRuns()
    const run = String(await opened.start(remake))
    const other = String(await opened.start(refused))
    const before = await opened.darkroom('runs', 'show', run)
    await opened.workUntil(Number(run), 'complete')
    await opened.workUntil(Number(other), 'stopped')

    const after = await opened.darkroom('runs', 'show', run)
    const asJson = await opened.darkroom('runs', 'show', run, '--json')
    const stopped = await opened.darkroom('runs', 'watch', other)
    const failures = await opened.darkroom('runs', 'failures', run)
    const none = await opened.darkroom('runs', 'failures', run, '--code', 'other', '--json')

    expect(before).toMatchObject({ code: 0, stderr: '' })
    expect(before.stdout).toMatch(/selected +0, and still counting/)
    expect(after.code).toBe(2)
    expect(JSON.parse(asJson.stdout)).toMatchObject({ id: Number(run), state: 'complete' })
    expect(after.stdout).toMatch(/bytes saved +5,000/)
    expect(stopped.code).toBe(3)
    expect(JSON.parse(stopped.stdout)).not.toHaveProperty('selection')
    expect(JSON.parse(stopped.stdout)).toMatchObject({
      state: 'stopped',
      reason: 'The bucket belongs to another installation.',
    })
    expect(failures.stdout).toMatch(new RegExp(`${photoId} +corrupt_photo +3 .*It is torn\\.`))
    expect(none).toEqual({ code: 0, stdout: '', stderr: '' })
  })

  test('steers one, and says in one line what can not be', MINUTES, async () => {
    await using opened = await openRuns()
    const run = String(await opened.start(remake))

    const outcomes = []
    for (const verb of ['pause', 'pause', 'resume', 'resume', 'cancel', 'cancel', 'resume']) {
      outcomes.push(await opened.darkroom('runs', verb, run))
    }
    const unknown = await opened.darkroom('runs', 'show', '99')
    const wrong = await opened.darkroom('runs', 'show', 'x')

    expect(outcomes.map(({ code, stdout, stderr }) => [code, (stdout + stderr).trim()])).toEqual([
      [0, `Run ${run} (remake) is paused.`],
      [0, `Run ${run} (remake) is paused.`],
      [0, `Run ${run} (remake) is running.`],
      [0, `Run ${run} (remake) is running.`],
      [0, `Run ${run} (remake) is cancelled.`],
      [0, `Run ${run} (remake) is cancelled.`],
      [1, `darkroom: Run ${run} is cancelled, so it can't be resumed.`],
    ])
    expect(unknown).toMatchObject({
      code: 1,
      stderr: 'darkroom: There is no run 99. `darkroom runs` lists those there are.\n',
    })
    expect(wrong.code).toBe(1)
  })

  test(
    'says of one that recurs that it has no end to wait for, and that servers need it',
    MINUTES,
    async () => {
      await using opened = await openRuns()
      await opened.recurringRuns.keep({ kind: 'sweep', slices: [{}], inSeconds: 60 })

      const watched = await opened.darkroom('runs', 'watch', '1')
      const shown = await opened.darkroom('runs', 'show', '1')
      const paused = await opened.darkroom('runs', 'pause', '1')
      const examined = await opened.darkroom('doctor')

      expect(watched).toMatchObject({ code: 1, stdout: '' })
      expect(watched.stderr).toContain('Run 1 (sweep) recurs, so it has no end to wait for.')
      expect(shown.stdout).toMatch(/selected +0\n/)
      expect(paused.stdout).toContain('`darkroom runs resume 1` lets them go on')
      expect(examined.stdout).toMatch(/BAD +runs +Run 1 \(sweep\) is paused, and servers need it/)
    },
  )
})

test('a watched run is told with its rate, how long it may last yet, and what holds it back', () => {
  const run = {
    id: 12,
    kind: 'remake',
    state: 'running',
    selected: 10_000,
    done: 3_990,
    skipped: 7,
    left: 6_000,
    inFlight: 16,
    isCounted: true,
    failed: 3,
    tally: { 'changed meanwhile': 7 },
    holders: [] as string[],
    reason: 'uploads wait',
    costs: { made: 3_993, cpuMs: 3_990_000, puts: 39_900, bytesBefore: 2.5e9, bytesAfter: 2e9 },
  } as unknown as RunReport
  const samples = [0, 100, 300, 600].map((settled, n) => ({ at: n * 10_000, settled: 3_400 + settled }))

  const seen = {
    ...paceOf(run.left, samples),
    codes: [{ code: 'corrupt_photo', count: 3 }],
    lanes: { live: { waiting: 2, active: 1 }, batch: { waiting: 14, active: 2 } },
    spent: { amount: 0.0234, currency: 'USD' },
  }

  const screen = runScreen(run, seen)

  expect(screen.split('\n')).toEqual([
    'run 12 remake: running, 20.0/s, 3 min 20 s to 10 min left',
    '████████████░░░░░░░░░░░░░░░░░░  40.0 %  4,000 of 10,000',
    'done 3,990  skipped 7  failed 3  left 6,000 (16 in flight)',
    'changed meanwhile: 7',
    'lanes: live 2 waiting, 1 running · batch 14 waiting, 2 running',
    '500 MB saved (20.0 % of what was there) · 1.11 h of CPU · 39,900 PUTs · 0.023 USD',
    'failures: corrupt_photo 3',
    'uploads wait',
    'no server works it: is one running? `darkroom serve`, or `darkroom start`',
  ])
})
