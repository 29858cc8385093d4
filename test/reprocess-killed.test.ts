import { mkdtempDisposable, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { PhotoReply } from '../src/http/schemas/photo.ts'
import { originalKey, renditionKey } from '../src/photo/object-keys.ts'
import type { PhotoId } from '../src/photo/photo-id.ts'
import type { OwnerId } from '../src/photo/shard.ts'
import { reprocess } from '../src/reprocess/reprocess.ts'
import { remakePhoto } from '../workers/jobs/remake.ts'
import { idle } from './support/handlers.ts'
import { replaceOriginal } from './support/originals.ts'
import { noisyJpeg } from './support/pictures.ts'
import { complete, startReprocess } from './support/reprocess.ts'
import { expireLeases, killable, work } from './support/runs.ts'
import { startService, type TestService } from './support/service.ts'
import { photoForm, postForm } from './support/uploads.ts'

const MINUTES = 60_000
const PATIENCE = { timeout: 2 * MINUTES, interval: 50 }
const owner = 'alice' as OwnerId
const PHOTOS = 18
/** One has lost its original, one is torn, one is removed while the run goes on. */
const [LOST, TORN, REMOVED] = [3, 7, 11]

const small = { name: 'small', fit: 'inside', width: 64, upload: ['jpeg'] }
const wide = { name: 'wide', fit: 'inside', width: 96, upload: ['jpeg'] }

/**
 * A worker of the batch lane, whose jobs end now and then before or after they have done their work. None does so twice: one
 * that did each time would have failed for good, and rightly.
 */
function startWorker(service: TestService, deaths: readonly number[]): AsyncDisposable {
  const remake = remakePhoto({ ...service, maxPixels: service.config.maxPixels })
  const dead = new Set<string>()
  let jobs = 0
  return service.queue.work({
    lane: 'batch',
    handlers: {
      ...idle,
      remake: async (job) => {
        const name = `${job.photoId} ${job.edition}`
        const death = deaths.includes(jobs++ % 10) && !dead.has(name) ? jobs % 2 : null
        if (death !== null) dead.add(name)
        if (death === 0) throw new Error('the worker was killed before')
        await remake(job)
        if (death === 1) throw new Error('the worker was killed after')
      },
    },
    onFailed: async () => {},
  })
}

test('killed at any moments and gone on, each photo is made once, and the counts add up at every moment', {
  timeout: 10 * MINUTES,
}, async () => {
  await using folder = await mkdtempDisposable(join(tmpdir(), 'darkroom-reprocess-'))
  const path = join(folder.path, 'presets.json')
  await writeFile(path, JSON.stringify({ presets: [small] }))
  await using first = await startService({ PRESETS_FILE: path })
  const ids: PhotoId[] = []
  {
    await using _work = first.work()
    for (let n = 0; n < PHOTOS; n++) {
      const form = photoForm(await noisyJpeg({ width: 120, height: 90 }, n + 1))
      ids.push(
        ((await (await postForm(first, form, { prefer: 'wait=30' })).json()) as PhotoReply).id as PhotoId,
      )
    }
  }
  await first.store.delete([originalKey(ids[LOST] as PhotoId, 'jpeg')])
  await replaceOriginal(first.store, ids[TORN] as PhotoId)
  await writeFile(path, JSON.stringify({ presets: [small, wide] }))
  await using service = await startService({
    PRESETS_FILE: path,
    DARKROOM_HOME: first.config.home,
    DATABASE_URL: first.database.url,
  })
  const kills = fc.record({
    servers: fc.array(
      fc.record({
        calls: fc.integer({ min: 1, max: 40 }),
        when: fc.constantFrom('before' as const, 'after' as const),
      }),
      { minLength: 1, maxLength: 6 },
    ),
    workers: fc.uniqueArray(fc.integer({ min: 0, max: 9 }), { maxLength: 3 }),
  })
  let removed = 0

  await fc.assert(
    fc.asyncProperty(kills, async ({ servers, workers }) => {
      const { runs, photos } = service.catalog
      const before = new Map((await photos.findAll(ids)).map((photo) => [photo.id, photo]))
      const run = await startReprocess(service, { state: 'all' })
      const expectSum = async () => {
        const { selected, done, skipped, failed, left, inFlight } = await runs.find(run)
        expect(done + skipped + failed + left).toBe(selected)
        expect(left).toBeGreaterThanOrEqual(inFlight)
      }
      {
        await using _worker = startWorker(service, workers)
        for (const kill of servers) {
          const victim = killable(service, kill)
          await using _working = work(victim, [reprocess])
          let isDead = false
          void victim.dead.then(() => (isDead = true))
          await expect
            .poll(async () => {
              await expectSum()
              return isDead || (await runs.find(run)).state === 'complete'
            }, PATIENCE)
            .toBe(true)
          await expireLeases(first.database)
        }
      }
      if (removed === 0) {
        removed = 1
        expect(await service.catalog.removals.remove(ids[REMOVED] as PhotoId, owner)).toBe(true)
      }
      const report = await complete(service, run)

      const after = await photos.findAll(ids)
      expect(report).toMatchObject({ failed: 2, left: 0, inFlight: 0 })
      expect(report.done + report.skipped).toBe(report.selected - 2)
      // One that is removed before they are counted is not selected.
      expect([before.size, after.length]).toContain(report.selected)
      for (const photo of after) {
        const then = before.get(photo.id)
        const isKept = [ids[LOST], ids[TORN]].includes(photo.id)
        if (isKept) expect(photo).toEqual(then)
        else expect(photo.edition).toBeGreaterThan(then?.edition ?? 0)
        // Once: one edition is shown, and one was put aside by the run.
        const rows = (await first.database.query(
          `select edition, remade_as as "remadeAs" from earlier_renditions where photo_id = ${photo.id} and run = ${run}`,
        )) as object[]
        expect(rows).toEqual(isKept ? [] : [{ edition: then?.edition, remadeAs: photo.edition }])
        for (const rendition of photo.renditions)
          expect(await service.store.head(renditionKey(photo, rendition))).not.toBeNull()
      }
      expect(report.skipped).toBeLessThanOrEqual(1)
      // What a photo took is counted once, too, and also of those that failed.
      expect(report.costs.made).toBeGreaterThanOrEqual(report.done)
      expect(report.costs.made).toBeLessThanOrEqual(report.selected)
    }),
    // What one that failed leaves behind would fail the smaller ones, too.
    { numRuns: 6, endOnFailure: true },
  )
})
