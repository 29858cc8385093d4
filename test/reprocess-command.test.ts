import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { PhotoReply } from '../src/http/schemas/photo.ts'
import type { PhotoId } from '../src/photo/photo-id.ts'
import { fixture } from './support/pictures.ts'
import { type Ran, runDarkroom } from './support/run-darkroom.ts'
import { startService, type TestService } from './support/service.ts'
import { photoForm, postForm } from './support/uploads.ts'

const MINUTES = 60_000
const PATIENCE = { timeout: 2 * MINUTES, interval: 100 }

type Home = AsyncDisposable & { service: TestService; darkroom(...args: string[]): Promise<Ran> }

/** A server and two photos. */
async function openHome(): Promise<Home & { ids: string[] }> {
  const service = await startService()
  const env = { DARKROOM_HOME: service.config.home, DATABASE_URL: service.database.url, LOG_LEVEL: 'error' }
  const ids: string[] = []
  await using _work = service.work()
  for (const owner of ['alice', 'bob']) {
    const form = photoForm(await fixture('plain.jpg'))
    const headers = { authorization: `Bearer ${await service.token(owner)}`, prefer: 'wait=30' }
    ids.push(((await (await postForm(service, form, headers)).json()) as PhotoReply).id)
  }
  return {
    service,
    ids,
    darkroom: async (...args) => await runDarkroom(args, env),
    [Symbol.asyncDispose]: async () => await service[Symbol.asyncDispose](),
  }
}

describe('darkroom reprocess', { timeout: 5 * MINUTES }, () => {
  test('watches what it started until its end, in lines of JSON where there is no terminal', async () => {
    await using home = await openHome()
    await using _work = home.service.work({ withAvif: true })

    const { code, stdout, stderr } = await home.darkroom('reprocess', '--all', '--owner', 'alice', '--yes')

    expect(stderr).toBe('')
    const lines = stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line))
    expect(lines.at(-1)).toMatchObject({
      kind: 'reprocess',
      state: 'complete',
      selected: 1,
      done: 1,
      left: 0,
    })
    expect(code).toBe(0)
  })

  test('detaches, and takes a list of ids or shortcodes', async () => {
    await using home = await openHome()
    const { writeFile } = await import('node:fs/promises')
    const list = `${home.service.config.home}/list.csv`
    await writeFile(list, `id,code\n${home.ids[1]},corrupt_photo\n\n`)

    const { code, stdout } = await home.darkroom(
      'reprocess',
      '--all',
      '--ids',
      list,
      '--yes',
      '--detach',
      '--json',
    )
    await using _work = home.service.work({ withAvif: true })

    const { run } = JSON.parse(stdout)
    await expect
      .poll(async () => await home.service.catalog.runs.find(run), PATIENCE)
      .toMatchObject({ state: 'complete', selected: 1, done: 1 })
    expect(code).toBe(0)
    expect((await home.darkroom('runs', 'show', String(run))).stdout).toMatch(/reprocess[\s\S]*done +1/)
  })

  test('tells what it would take by a sample of which nothing is left, and compares that with what it took', async () => {
    await using home = await openHome()
    const { catalog, store } = home.service
    await using _work = home.service.work({ withAvif: true })
    const withoutLater = async () =>
      (await catalog.renditions.areWithoutLater(home.ids as PhotoId[])).filter(({ isWithout }) => isWithout)
    await expect.poll(withoutLater, PATIENCE).toEqual([])
    const before = await catalog.photos.findAll(home.ids as PhotoId[])

    const dry = await home.darkroom('reprocess', '--all', '--dry-run', '--json')

    expect(dry.stderr).toBe('')
    const told = JSON.parse(dry.stdout)
    expect(told).toMatchObject({
      photos: 2,
      owners: { count: 2, isExact: true },
      kinds: [{ name: 'jpeg, below 2 MP', looked: 2, made: 2 }],
      prices: { currency: 'USD' },
      failures: [],
    })
    expect(await catalog.photos.findAll(home.ids as PhotoId[])).toEqual(before)
    expect(await Array.fromAsync(store.list('scratch/'))).toEqual([])
    const { run } = JSON.parse(
      (await home.darkroom('reprocess', '--all', '--yes', '--detach', '--json')).stdout,
    )
    await expect.poll(async () => (await catalog.runs.find(run)).state, PATIENCE).toBe('complete')
    const report = await catalog.runs.find(run)
    for (const name of ['puts', 'bytesBefore', 'bytesAfter'] as const)
      expect(report.costs[name], name).toBeCloseTo(told.estimate[name].expected)
    expect((await home.darkroom('runs', 'show', String(run))).stdout).toMatch(
      /it took +expected +9 times of 10 from +to\nCPU time( +\d+ \S+){4}\n/,
    )
  })

  test('asks before it begins, and begins nothing where nobody can answer', async () => {
    await using home = await openHome()

    const { code, stderr } = await home.darkroom('reprocess', '--all')

    expect(code).toBe(1)
    expect(stderr).toMatch(/^darkroom: 2 photos .* --yes/)
    expect((await home.service.catalog.runs.list()).filter(({ recurs }) => !recurs)).toEqual([])
  })
})

describe('darkroom reprocess', () => {
  let service: TestService

  beforeAll(async () => {
    service = await startService()
  })
  afterAll(async () => await service[Symbol.asyncDispose]())

  test.for([
    [['--stale', '--all'], /cannot be used with/],
    [['--ids', '/nowhere'], /The list can't be read/],
    [['--presets', 'poster'], /There is no preset "poster". These are: thumb, /],
    [['--formats', 'gif'], /There is no format "gif"/],
    [['--owner', 'a/b'], /"a\/b" is no owner/],
    [['--owner', 'alice', '--shards', '7'], /--owner and --shards can't be given together/],
    [['--shards', '7', '--oldest-first'], /cannot be used with/],
    [['--from', 'yesterday'], /Give a date or a time/],
    [['--from', '2026-02-01', '--to', '2026-01-01'], /--from must be before --to/],
    [['--rate', '0'], /a number of photos a second/],
    [['--share', '120%'], /from 0.1% to 100%/],
  ] as const)('says in a line what is wrong with %s', async ([args, message]) => {
    const env = { DARKROOM_HOME: service.config.home, DATABASE_URL: service.database.url }

    const { code, stderr } = await runDarkroom(['reprocess', ...args, '--yes'], env)

    expect(stderr).toMatch(message)
    expect(stderr.trimEnd().split('\n')).toHaveLength(1)
    expect(code).toBe(1)
  })
})
