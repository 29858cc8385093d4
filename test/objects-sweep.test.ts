import { test as always, describe, expect } from 'vitest'
import {
  originalKey,
  photoIdOfRendition,
  quarantineKey,
  renditionKey,
  scratchPrefix,
} from '../src/photo/object-keys.ts'
import { firstIdAt, type PhotoId } from '../src/photo/photo-id.ts'
import type { Lap } from '../src/sweep/lap.ts'
import { SHARDS } from '../src/sweep/stored-shards.ts'
import { sweepObjectsOn } from '../src/sweep/sweep-objects.ts'
import { inDays, keysOf, NOTHING, put, sweep, uploadReady } from './support/objects-sweep.ts'
import { placeOf } from './support/place.ts'
import { hasS3, NEEDS_S3, openTestBucket } from './support/s3.ts'
import { silentLog, startService } from './support/service.ts'

const FEED = { preset: 'feed', format: 'webp', digest: '71bca1a2' } as const

/** Ids of that many photos that were never inserted. */
function strangers(count: number): PhotoId[] {
  const first = BigInt(firstIdAt(new Date('2026-01-01')))
  return Array.from({ length: count }, (_, index) => String(first + (BigInt(index * 7) << 10n)) as PhotoId)
}

const isRendition = (key: string) => photoIdOfRendition(key) !== null

describe.each([
  { engine: 'a disk', test: always, open: async () => await startService() },
  {
    engine: hasS3 ? 'Ceph' : `S3 (${NEEDS_S3})`,
    test: always.skipIf(!hasS3),
    open: async () => {
      const bucket = await openTestBucket()
      const service = await startService({ STORAGE_URL: bucket.url })
      return Object.assign(service, {
        [Symbol.asyncDispose]: disposeBoth(service, bucket),
      })
    },
  },
])('the sweep of objects on $engine', ({ test, open }) => {
  test('moves what no photo has to the quarantine after a day, and deletes it after seven more', async () => {
    await using service = await open()
    const id = await uploadReady(service)
    const kept = await keysOf(service)
    const [ofUpload, ofPurged] = strangers(2) as [PhotoId, PhotoId]
    const strays = [
      originalKey(ofUpload, 'jpeg'),
      renditionKey(placeOf(ofPurged), FEED),
      // A worker was killed between put and record.
      renditionKey(placeOf(id), FEED),
    ]
    await put(service, ...strays)

    expect(await sweep(service, 0.5)).toEqual(NOTHING)
    expect(await sweep(service, 1.5)).toEqual({ ...NOTHING, quarantined: 3 })
    expect(await keysOf(service)).toEqual([...kept, ...strays.map(quarantineKey)].sort())
    expect(await sweep(service, 6.5)).toEqual(NOTHING)
    expect(await sweep(service, 7.5)).toEqual({ ...NOTHING, deleted: 3 })
    expect(await keysOf(service)).toEqual(kept)
  })

  test('deletes after a day what was made to reckon with, and not before', async () => {
    await using service = await open()
    const [id] = strangers(1) as [PhotoId]
    const left = `${scratchPrefix(7)}${renditionKey(placeOf(id), FEED)}`
    await put(service, left)

    await sweep(service, 0.5)
    expect(await keysOf(service)).toEqual([left])
    expect(await sweep(service, 1.5)).toEqual(NOTHING)
    expect(await keysOf(service)).toEqual([])
  })

  test('never touches keys that this project could not have written', async () => {
    await using service = await open()
    const foreign = [
      'originals/2023/12345.jpg',
      'originals/notes.txt',
      'renditions/3/42/feed-00000000.jpg',
      'public/3/42-k3J9sQ2x0aE/feed-00000000.jpg',
      'quarantine/originals/2023/12345.jpg',
      'quarantine/notes.txt',
      'scratch/notes.txt',
      'scratch/7/public/3/42-k3J9sQ2x0aE/feed-00000000.jpg',
      'backup/1.jpg',
    ]
    await put(service, ...foreign)

    expect([await sweep(service, 2, 100), await sweep(service, 400, 100)]).toEqual([NOTHING, NOTHING])
    expect(await keysOf(service)).toEqual(foreign.sort())
  })

  test('stops with one line when too much is unknown, as with an older database, and touches nothing', async () => {
    await using service = await open()
    await uploadReady(service)
    await put(service, ...strangers(30).map((id) => originalKey(id, 'jpeg')))
    const before = await keysOf(service)

    await expect(sweep(service, 2)).rejects.toThrow(/does not know 30 of the 31 photos.*--accept 30/)
    expect(await keysOf(service)).toEqual(before)
    expect(await sweep(service, 2, 30)).toEqual({ ...NOTHING, quarantined: 30 })
  })

  test('keeps a complete photo without a row for ever, and tells of it at once: the catalog has lost it', async () => {
    await using service = await open()
    const id = await uploadReady(service)
    await service.database.query(`delete from photos where id = ${id}`)
    const before = await keysOf(service)

    for (const days of [0, 2, 100]) expect(await sweep(service, days)).toEqual({ ...NOTHING, forgotten: 1 })

    expect(await keysOf(service)).toEqual(before)
  })

  test('stops when the database was restored as it was a few hours ago, without the photos since', async () => {
    await using service = await open()
    const today = Array.from(
      { length: 30 },
      (_, index) => String(BigInt(firstIdAt(inDays(-0.1))) + (BigInt(index * 7) << 10n)) as PhotoId,
    )
    for (const id of today) await put(service, originalKey(id, 'jpeg'), renditionKey(placeOf(id), FEED))

    await expect(sweep(service, 0)).rejects.toThrow(/does not know 30 of the 30 photos.*30 are complete/)
  })

  test('moves back what a photo turns up for, also when it has waited for long', async () => {
    await using service = await open()
    const id = await uploadReady(service)
    const original = originalKey(id, 'jpeg')
    const rendition = (await keysOf(service)).find(isRendition) as string
    const before = await keysOf(service)
    for (const key of [original, rendition]) await service.store.move(key, quarantineKey(key))

    expect(await sweep(service, 100)).toEqual(NOTHING)
    expect(await keysOf(service)).toEqual(before)
  })

  test('makes renditions again that are recorded but not there', async () => {
    await using service = await open()
    await uploadReady(service)
    const before = await keysOf(service)
    const renditions = before.filter(isRendition)
    await service.store.delete(renditions.slice(0, 2))

    expect(await sweep(service, 0)).toEqual({ ...NOTHING, remade: 2 })
    await using _worker = service.work()

    await expect.poll(async () => await keysOf(service)).toEqual(before)
  })
})

describe('a lap of the sweep', () => {
  always('takes a day, goes on where it stopped, and finds what one go finds', async () => {
    await using service = await startService()
    await put(service, ...strangers(15).map((id) => originalKey(id, 'jpeg')))
    // Young by the store's clock until two days from now.
    const start = inDays(2)
    let kept: Lap | null = null
    const steps: number[] = []
    for (let minute = 0; minute <= 24 * 60; minute += 15) {
      const now = new Date(start.getTime() + minute * 60_000)
      const options = { quarantineDays: 7, accepted: 15, now, isPaced: true }
      const cursors = await Array.fromAsync(
        sweepObjectsOn(service, kept, options, silentLog),
        ({ cursor }) => cursor,
      )
      // As a server does that begins with what another kept.
      kept = JSON.parse(JSON.stringify(cursors.at(-1)))
      steps.push(kept?.next ?? SHARDS.length)
    }

    expect(Math.max(...steps.map((step, index) => step - (steps[index - 1] ?? 0)))).toBeLessThanOrEqual(100)
    expect(steps.at(-1)).toBe(SHARDS.length)
    expect(kept).toBeNull()
    const keys = await keysOf(service)
    expect(keys).toHaveLength(15)
    expect(keys.filter((key) => !key.startsWith('quarantine/'))).toEqual([])
  })
})

function disposeBoth(service: AsyncDisposable, bucket: AsyncDisposable) {
  const dispose = service[Symbol.asyncDispose].bind(service)
  return async () => {
    await dispose()
    await bucket[Symbol.asyncDispose]()
  }
}
