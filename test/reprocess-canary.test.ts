import { describe, expect, test, vi } from 'vitest'
import { RunParts } from '../src/catalog/runs/run-parts.ts'
import type { PhotoReply } from '../src/http/schemas/photo.ts'
import type { PhotoId } from '../src/photo/photo-id.ts'
import type { OwnerId } from '../src/photo/shard.ts'
import { estimateOf } from '../src/reprocess/estimate.ts'
import type { Reprocess } from '../src/reprocess/reprocess.ts'
import { fixture } from './support/pictures.ts'
import { complete, startReprocess } from './support/reprocess.ts'
import { startService, type TestService } from './support/service.ts'
import { photoForm, postForm } from './support/uploads.ts'

const MINUTES = 60_000
const owner = 'alice' as OwnerId

/** Four alike, one with a look, and one of another format. */
async function uploadSix(service: TestService): Promise<PhotoId[]> {
  await using _work = service.work()
  const ids: PhotoId[] = []
  for (const [file, fields] of [
    ['plain.jpg', {}],
    ['plain.jpg', {}],
    ['alpha.png', {}],
    ['plain.jpg', {}],
    ['plain.jpg', { filter: 'mono' }],
    ['plain.jpg', {}],
  ] as const) {
    const reply = await postForm(service, photoForm(await fixture(file), fields), { prefer: 'wait=30' })
    ids.push(((await reply.json()) as PhotoReply).id as PhotoId)
  }
  return ids
}

describe('the canary of a run', { timeout: 3 * MINUTES }, () => {
  test('pauses it once, also when a server is stopped before it has ended the part', async () => {
    await using service = await startService()
    const ids = await uploadSix(service)
    const run = await startReprocess(service, { state: 'all' }, {}, { canary: 3 })
    const { end } = RunParts.prototype
    let stopped = 0
    using _stopped = vi.spyOn(RunParts.prototype, 'end').mockImplementation(async function (
      this: RunParts,
      part,
      ...rest
    ) {
      if (part.run === run && stopped++ === 0) await this.leave(part, 0)
      else await end.call(this, part, ...rest)
    })

    await complete(service, run, 'paused')
    await service.catalog.runs.resume(run)
    const report = await complete(service, run)

    expect(stopped).toBeGreaterThan(1)
    expect(report).toMatchObject({ selected: ids.length, done: ids.length, left: 0 })
  })

  test.for([
    { of: 'all photos', choice: {}, selected: 6 },
    { of: 'the photos of an owner', choice: { owners: [owner] }, selected: 6 },
    { of: 'the newest five', choice: { limit: 5 }, selected: 5 },
  ])('of $of is of each kind, comes first, and each photo is made once', async ({ choice, selected }) => {
    await using service = await startService()
    const { photos, runs, runCosts } = service.catalog
    const ids = await uploadSix(service)
    const before = new Map((await photos.findAll(ids)).map(({ id, edition }) => [id, edition]))
    const made = async () =>
      (await photos.findAll(ids)).filter(({ id, edition }) => edition > (before.get(id) ?? 0))

    const run = await startReprocess(service, { state: 'all', ...choice }, {}, { canary: 3 })
    const paused = await complete(service, run, 'paused')
    const first = await made()
    await runs.resume(run)
    const report = await complete(service, run)

    expect(paused).toMatchObject({ selected, done: 3, left: selected - 3, inFlight: 0 })
    expect(paused.reason).toMatch(/^the canary is made: look at it/)
    expect(
      first.map(({ original, look }) => `${original.format} ${look?.filter ?? 'plain'}`).toSorted(),
    ).toEqual(['jpeg mono', 'jpeg plain', 'png plain'])
    expect(report).toMatchObject({ selected, done: selected, skipped: 0, failed: 0, left: 0 })
    expect(report.costs.made).toBe(selected)
    const now = await made()
    expect(now).toHaveLength(selected)
    expect(now.filter(({ id, edition }) => edition !== (before.get(id) ?? 0) + 1)).toEqual([])
    // What it took tells what all would take.
    const { canary } = report.selection as Reprocess
    expect(canary && estimateOf(canary, await runCosts.ofRun(run, 10))).toMatchObject({
      photos: selected,
      made: 3,
    })
  })
})
