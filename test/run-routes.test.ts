import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import type { RunReport } from '../src/catalog/runs/reported-runs.ts'
import { RunFailures } from '../src/catalog/runs/run-failures.ts'
import { SelectedPhotos } from '../src/catalog/runs/selected-photos.ts'
import type { RunDetailReply, RunReply } from '../src/http/schemas/run.ts'
import type { PhotoId } from '../src/photo/photo-id.ts'
import { replaceOriginal } from './support/originals.ts'
import { fixture } from './support/pictures.ts'
import { complete, feed, noneTakesRuns } from './support/reprocess.ts'
import { startService, type TestService } from './support/service.ts'
import { photoForm, postForm } from './support/uploads.ts'

const MINUTES = 60_000
const ALL = { kind: 'reprocess', select: { state: 'all' } } as const

let service: TestService
let torn: PhotoId
let headers: Record<string, string>

beforeAll(async () => {
  service = await startService()
  headers = await headersOf('olga')
  await using _work = service.work()
  for (const file of ['plain.jpg', 'alpha.png', 'plain.jpg']) {
    const reply = await postForm(service, photoForm(await fixture(file)), { prefer: 'wait=30' })
    torn = ((await reply.json()) as { id: PhotoId }).id
  }
}, 2 * MINUTES)
afterAll(async () => await service[Symbol.asyncDispose]())

async function headersOf(owner: string, isOperator = true): Promise<Record<string, string>> {
  const token = await service.token(owner, { isOperator })
  return { authorization: `Bearer ${token}`, 'content-type': 'application/json' }
}

async function ask<Reply>(
  path: string,
  {
    method = 'GET',
    body,
    ...more
  }: { method?: string; body?: unknown; headers?: Record<string, string> } = {},
): Promise<{ status: number; reply: Reply; location: string | null; replayed: string | null }> {
  const answer = await fetch(`${service.url}/v1/runs${path}`, {
    method,
    headers: { ...headers, ...more.headers },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  })
  return {
    status: answer.status,
    reply: (await answer.json()) as Reply,
    location: answer.headers.get('location'),
    replayed: answer.headers.get('idempotent-replayed'),
  }
}

const post = async <Reply = RunReply>(path: string, body: unknown, more: Record<string, string> = {}) =>
  await ask<Reply>(path, { method: 'POST', body, headers: more })
const find = async (id: number) => (await ask<RunDetailReply>(`/${id}`)).reply
const begin = async (wish: object) => (await post('', wish)).reply

describe('runs over the API', { timeout: 3 * MINUTES }, () => {
  test('are for operators', async () => {
    const others = await headersOf('alice', false)

    for (const [path, method] of [
      ['', 'GET'],
      ['', 'POST'],
      ['/1/pause', 'POST'],
      ['/1/pairs', 'GET'],
    ] as const) {
      const { status, reply } = await ask(path, {
        method,
        headers: others,
        ...(method === 'POST' && { body: {} }),
      })
      expect([path, status, reply]).toMatchObject([path, 403, { code: 'operator_only' }])
    }
  })

  test('are counted, tried with a price, and begun once for a key', async () => {
    const { reply: count } = await post('/count', { ...ALL, select: { state: 'all', owners: ['alice'] } })
    const dry = await begin({ ...ALL, dryRun: { sample: 2 } })
    await complete(service, dry.id)
    const tried = await find(dry.id)
    const key = { 'idempotency-key': 'again' }
    const wish = { ...ALL, select: { state: 'all', limit: 1 }, canary: 1 }
    const first = await post('', wish, key)
    const again = await post('', wish, key)
    const other = await post('', ALL, key)

    expect(count).toEqual({ photos: 3, isAll: true })
    expect(tried).toMatchObject({
      kind: 'sample',
      state: 'complete',
      canary: null,
      sample: { photos: 3, owners: { count: 1, isExact: true } },
      estimate: { photos: 3, made: 2, money: { currency: 'USD' } },
      spent: { made: 2, currency: 'USD' },
    })
    expect(tried.estimate?.money.once.expected).toBeGreaterThan(0)
    expect(tried.estimate?.seconds.expected).toBeGreaterThan(0)
    expect([first.status, again.status, other.status]).toEqual([201, 201, 422])
    expect(again.reply.id).toBe(first.reply.id)
    expect([first.replayed, again.replayed]).toEqual([null, 'true'])
    expect(first.location).toBe(`/v1/runs/${first.reply.id}`)
    expect(first.reply).toMatchObject({ canary: 1, select: { state: 'all', limit: 1, order: 'newest' } })
    await post(`/${first.reply.id}/cancel`, { version: first.reply.version })
  })

  test('are begun at once, and count their photos and draw the canary then', async () => {
    using none = noneTakesRuns()
    const page = vi.spyOn(SelectedPhotos.prototype, 'page')
    const all = vi.spyOn(SelectedPhotos.prototype, 'all')
    const canary = await begin({ ...ALL, canary: 2 })
    const dry = await begin({ ...ALL, dryRun: { sample: 2 } })
    const [waiting, untried] = [await find(canary.id), await find(dry.id)]

    expect([page.mock.calls, all.mock.calls]).toEqual([[], []])
    none[Symbol.dispose]()
    vi.restoreAllMocks()
    for (const run of [waiting, untried])
      expect(run).toMatchObject({ isCounted: false, selected: 0, sample: null })
    expect([canary.canary, dry.canary]).toEqual([2, null])
    await using _runs = feed(service)
    await expect.poll(async () => (await find(canary.id)).isCounted).toBe(true)
    const drawn = await find(canary.id)
    // What was seen before it was drawn may be acted on.
    const cancelled = await post(`/${canary.id}/cancel`, { version: canary.version })
    await post(`/${dry.id}/cancel`, { version: dry.version })

    expect(drawn).toMatchObject({ selected: 3, canary: 2, sample: { photos: 3 }, version: canary.version })
    expect(cancelled).toMatchObject({ status: 200, reply: { state: 'cancelled' } })
  })

  test('are paused, made slower, looked at and rolled back by who has seen their last version', async () => {
    const run = await begin({ ...ALL, canary: 2, pace: { rate: 50 } })
    await complete(service, run.id, 'paused')
    const waiting = await find(run.id)
    const stale = await post<{ code: string }>(`/${run.id}/resume`, { version: run.version })
    const slower = await ask<RunReply>(`/${run.id}`, {
      method: 'PATCH',
      body: { version: waiting.version, pace: { share: 90 } },
    })
    const { reply: looked } = await ask<{
      pairs: { id: string; difference: number; before: { url: string } }[]
      next: string
    }>(`/${run.id}/pairs?limit=1`)
    const { reply: rest } = await ask<typeof looked>(`/${run.id}/pairs?limit=5&after=${looked.next}`)
    const resumed = await post(`/${run.id}/resume`, { version: slower.reply.version })
    await complete(service, run.id)
    const done = await find(run.id)
    const back = await post(`/${run.id}/rollback`, { version: done.version })
    const twice = await post<{ code: string }>(`/${run.id}/rollback`, { version: done.version })
    await complete(service, back.reply.id)

    expect(waiting).toMatchObject({ state: 'paused', done: 2, left: 1, canary: 2, steeredBy: null })
    expect(waiting.reason).toMatch(/canary/)
    expect([stale.status, stale.reply.code]).toEqual([409, 'run_changed'])
    expect(slower.reply).toMatchObject({ pace: { rate: 50, share: 90 }, steeredBy: 'olga' })
    expect(looked.pairs).toHaveLength(1)
    expect(rest.pairs).toHaveLength(1)
    expect(rest.pairs[0]?.difference).toBeLessThanOrEqual(looked.pairs[0]?.difference ?? 0)
    expect((await fetch(rest.pairs[0]?.before.url ?? '')).status).toBe(200)
    expect(resumed.reply).toMatchObject({ state: 'running', steeredBy: 'olga' })
    expect(done).toMatchObject({ state: 'complete', done: 3, left: 0, spent: { made: 3 } })
    expect(back).toMatchObject({ status: 201, reply: { kind: 'rollback', of: run.id } })
    expect(back.location).toBe(`/v1/runs/${back.reply.id}`)
    expect([twice.status, twice.reply.code]).toEqual([409, 'run_changed'])
    expect(await find(back.reply.id)).toMatchObject({ selected: 3, done: 3, select: null, work: null })
  })

  test('tell what failed, with the photos, and try that again alone', async () => {
    await replaceOriginal(service.store, torn)
    const run = await begin(ALL)
    await complete(service, run.id)
    const done = await find(run.id)

    const { reply: page } = await ask<{ failures: Record<string, unknown>[]; next: null }>(
      `/${run.id}/failures?code=corrupt_photo`,
    )
    const { reply: none } = await ask<typeof page>(`/${run.id}/failures?code=other`)
    const nothing = await post<{ code: string }>(`/${run.id}/retry`, { version: done.version, code: 'other' })
    // However many failed, whether any did is all that is asked before the run begins.
    using failuresOf = vi.spyOn(RunFailures.prototype, 'page')
    const retry = await post(`/${run.id}/retry`, { version: done.version, code: 'corrupt_photo' })
    expect(failuresOf.mock.calls).toMatchObject([[run.id, { limit: 1 }]])
    await complete(service, retry.reply.id)

    expect(done.failures).toEqual([{ code: 'corrupt_photo', count: 1 }])
    expect(page).toMatchObject({
      failures: [{ id: torn, code: 'corrupt_photo', photo: { id: torn, owner: 'alice', status: 'ready' } }],
      next: null,
    })
    expect(none.failures).toEqual([])
    expect([nothing.status, nothing.reply.code]).toEqual([409, 'run_state'])
    expect(retry.reply).toMatchObject({ kind: 'reprocess', of: run.id })
    expect(await find(retry.reply.id)).toMatchObject({ selected: 1, failed: 1 })
  })

  test.for([
    ['a preset that there is not', { ...ALL, work: { presets: ['poster'] } }, 'invalid_field'],
    [
      'owners and ids',
      { ...ALL, select: { state: 'all', owners: ['a'], ids: ['AAAAAAAAAAA'] } },
      'invalid_field',
    ],
    [
      'an end before its beginning',
      { ...ALL, select: { state: 'all', from: '2026-02-01T00:00:00Z', to: '2026-01-01T00:00:00Z' } },
      'invalid_field',
    ],
    ['a dry run with a canary', { ...ALL, dryRun: { sample: 2 }, canary: 2 }, 'invalid_field'],
    ['a time that is none', { ...ALL, select: { state: 'all', from: 'yesterday' } }, 'invalid_field'],
  ] as const)('are not begun with %s', async ([, wish, code]) => {
    const { status, reply } = await post<{ code: string }>('', wish)

    expect([status, reply.code]).toEqual([400, code])
  })

  test('are listed without the photos that were drawn of theirs, which may be thousands', async () => {
    const { runs } = service.catalog
    const ids = Array.from({ length: 2_000 }, (_, n) => `7648799893596${n + 10_000}`)
    const strata = [{ name: 'jpeg', looked: 1, ids }]
    const drawn = { population: 1, looked: 1, owners: { count: 1, isExact: true }, strata }
    const selection = { draw: 3_000, canary: drawn, sample: drawn }
    const run = await runs.start({ kind: 'reprocess', selection, slices: [] })

    const { reply } = await ask<{ runs: RunReply[] }>('?limit=1')
    const [listed] = (await runs.page({ before: run + 1, limit: 1 })) as [RunReport]

    expect(reply.runs.find(({ id }) => id === run)).toMatchObject({ canary: 2_000 })
    expect((await ask<RunReply>(`/${run}`)).reply).toMatchObject({ canary: 2_000, sample: { photos: 1 } })
    expect(listed).toMatchObject({ canary: 2_000, selection: { draw: 3_000 } })
    expect(JSON.stringify([listed, ...(await runs.list())])).not.toContain(ids[0])
  })

  test('are told in pages, and one that there is not is not found', async () => {
    const { reply: first } = await ask<{ runs: RunReply[]; next: string }>('?limit=1')
    const { reply: next } = await ask<typeof first>(`?limit=100&before=${first.next}`)

    const [newest] = first.runs.filter(({ recurs }) => !recurs)
    expect(first.runs.some(({ recurs }) => recurs)).toBe(true)
    expect(next.runs.every(({ recurs, id }) => !recurs && id < (newest?.id ?? 0))).toBe(true)
    expect(await ask('/999999')).toMatchObject({ status: 404, reply: { code: 'run_not_found' } })
    expect(await ask('/x')).toMatchObject({ status: 400 })
  })
})
