import { mkdtempDisposable, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { KeptCost } from '../src/catalog/runs/costs.ts'
import { estimateReport } from '../src/commands/reprocess/estimate-report.ts'
import type { PhotoReply } from '../src/http/schemas/photo.ts'
import { scratchPrefix } from '../src/photo/object-keys.ts'
import type { PhotoId } from '../src/photo/photo-id.ts'
import { estimateOf, moneyOf, spentOn } from '../src/reprocess/estimate.ts'
import { readPrices } from '../src/reprocess/prices.ts'
import { sampling } from '../src/reprocess/sampling.ts'
import { replaceOriginal } from './support/originals.ts'
import { fixture } from './support/pictures.ts'
import { complete, reprocessOf } from './support/reprocess.ts'
import { startService } from './support/service.ts'
import { photoForm, postForm } from './support/uploads.ts'

const MINUTES = 60_000

test('a sample is made, told and deleted, also what a worker left that was killed; what fails is told', {
  timeout: 3 * MINUTES,
}, async () => {
  await using service = await startService()
  const ids: PhotoId[] = []
  {
    await using _work = service.work({ withAvif: true })
    for (let n = 0; n < 2; n++) {
      const reply = await postForm(service, photoForm(await fixture('plain.jpg')), { prefer: 'wait=30' })
      ids.push(((await reply.json()) as PhotoReply).id as PhotoId)
    }
    // Nothing else is made of them from now on.
    const idle = { waiting: 0, active: 0, delayed: 0 }
    await expect.poll(async () => await service.queue.counts(), { timeout: MINUTES }).toMatchObject(idle)
  }
  const [good, torn] = ids as [PhotoId, PhotoId]
  const { runs, runCosts, photos } = service.catalog
  await replaceOriginal(service.store, torn)
  const before = await photos.findAll(ids)
  const strata = [{ name: 'jpeg', looked: 2, ids }]
  const sample = { population: 2, looked: 2, owners: { count: 1, isExact: true }, strata }
  const selection = { ...reprocessOf(service, { state: 'all' }), sample }
  const run = await runs.start({ kind: sampling.name, selection, slices: [{ sources: [] }] })
  const left = `${scratchPrefix(run)}public/1/2-AAAAAAAAAAA/feed-00000000.jpg`
  const others = left.replace(`/${run}/`, `/${run + 1}/`)
  for (const key of [left, others])
    await service.store.put(key, Buffer.from('left'), { contentType: 'image/jpeg' })

  const report = await complete(service, run)

  expect(report).toMatchObject({ selected: 2, done: 1, failed: 1, left: 0 })
  expect(await service.catalog.runFailures.codes(run)).toEqual([{ code: 'corrupt_photo', count: 1 }])
  const costs = await runCosts.ofRun(run, 10)
  expect(costs.map(({ photoId, puts }) => [photoId, puts > 0])).toEqual([
    [good, true],
    [torn, false],
  ])
  expect(await photos.findAll(ids)).toEqual(before)
  expect(await Array.fromAsync(service.store.list('scratch/'))).toEqual([others])
})

const cost = (photoId: string, cpuMs: number): KeptCost => ({
  photoId: photoId as PhotoId,
  cpuMs,
  wallMs: cpuMs / 2,
  puts: 10,
  putBytes: 800_000,
  bytesBefore: 1_000_000,
  bytesAfter: 800_000,
  hadFailed: false,
  madeAt: new Date(1_000 * Number(photoId)),
})

describe('an estimate', () => {
  const sample = {
    population: 1_000_000,
    looked: 5_000,
    owners: { count: 812, isExact: false },
    strata: [
      { name: 'jpeg, 8 to 20 MP', looked: 4_000, ids: ['1', '2', '3'] as PhotoId[] },
      { name: 'heic, 8 to 20 MP', looked: 1_000, ids: ['4', '5'] as PhotoId[] },
    ],
  }
  const costs = [cost('1', 900), cost('2', 1_000), cost('3', 1_100), cost('4', 1_900), cost('5', 2_100)]

  test('is told in hours, time, PUTs, bytes and money, each with the range it lies in', async () => {
    const prices = await readPrices(null)
    const estimate = estimateOf(sample, costs)
    const failures = [{ code: 'corrupt_photo', count: 1 }]

    const report = estimateReport({ sample, estimate, failures, prices, keepSeconds: 604_800, workers: 8 })

    expect(report).toMatch(/^1,000,000 photos of about 812 owners\n/)
    expect(report).toMatch(/\n~800,000 +jpeg, 8 to 20 MP +3\n/)
    expect(report).toMatch(/CPU time +333 h +\d{3} h +\d{3} h\n/)
    expect(report).toMatch(/time with 8 workers +20 h 50 min /)
    expect(report).toMatch(/PUTs +10,000,000 +10,000,000 +10,000,000\n/)
    expect(report).toMatch(/stored before +1.00 TB +1.00 TB +1.00 TB\nstored after +800 GB/)
    expect(report).toMatch(/money, more or less a month +-4.60 USD/)
    expect(report).toMatch(/failed: corrupt_photo 1\n/)
  })

  test('of money is what the same photos cost when they are made', async () => {
    const prices = await readPrices(null)
    const estimate = estimateOf({ ...sample, population: 5, looked: 5 }, costs)
    const sum = (name: 'cpuMs' | 'wallMs' | 'puts' | 'putBytes' | 'bytesBefore' | 'bytesAfter') =>
      costs.reduce((total, each) => total + each[name], 0)
    const took = {
      made: 5,
      mended: 0,
      cpuMs: sum('cpuMs'),
      wallMs: sum('wallMs'),
      puts: sum('puts'),
      putBytes: sum('putBytes'),
      bytesBefore: sum('bytesBefore'),
      bytesAfter: sum('bytesAfter'),
    }
    // Of these five, three are of the first kind: here the sample is the whole.
    const whole = estimateOf(
      {
        ...sample,
        population: 5,
        looked: 5,
        strata: sample.strata.map((each) => ({ ...each, looked: each.ids.length })),
      },
      costs,
    )

    expect(estimate).not.toBeNull()
    expect(whole && moneyOf(whole, prices, 604_800).once.expected).toBeCloseTo(spentOn(took, prices, 604_800))
  })

  test('takes prices of a file, and names what is wrong with one', async () => {
    await using folder = await mkdtempDisposable(join(tmpdir(), 'darkroom-prices-'))
    const path = join(folder.path, 'prices.json')
    const mine = {
      currency: 'EUR',
      date: '2026-11-30',
      source: 'our rack',
      cpuHour: 0.01,
      putsPer1000: 0,
      gbMonth: 0.005,
    }
    await writeFile(path, JSON.stringify(mine))
    expect(await readPrices(path)).toEqual(mine)

    await writeFile(path, JSON.stringify({ ...mine, cpuHour: 'cheap', gigabyte: 1 }))
    await expect(readPrices(path)).rejects.toThrow(
      /"gigabyte" is not known; [\s\S]*"cpuHour" must be a number, the price of an hour of a core/,
    )
    await expect(readPrices(`${path}x`)).rejects.toThrow(/can't be read: ENOENT/)
  })
})
