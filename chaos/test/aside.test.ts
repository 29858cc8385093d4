import { expect, test } from 'vitest'
import type { PhotoReply } from '../../src/http/schemas/photo.ts'
import { renditionKey } from '../../src/photo/object-keys.ts'
import type { Photo } from '../../src/photo/photo.ts'
import type { PhotoId } from '../../src/photo/photo-id.ts'
import { fixture } from '../../test/support/pictures.ts'
import { complete, startReprocess } from '../../test/support/reprocess.ts'
import { startService, type TestService } from '../../test/support/service.ts'
import { photoForm, postForm } from '../../test/support/uploads.ts'
import { asideOf, lostAside, remadeTwice } from '../put-aside.ts'
import { createRandom } from '../random.ts'
import { openDesk } from '../run-ledger.ts'
import { type Photos, tryReprocess } from '../trial.ts'

const MINUTES = { timeout: 180_000 }

async function upload(service: TestService, count: number): Promise<PhotoId[]> {
  await using _work = service.work({ withAvif: true })
  const ids: PhotoId[] = []
  for (let n = 0; n < count; n++) {
    const reply = await postForm(service, photoForm(await fixture('plain.jpg')), { prefer: 'wait=30' })
    ids.push(((await reply.json()) as PhotoReply).id as PhotoId)
  }
  return ids
}

test('what a run put aside is found when it lacks an object, or is there twice', MINUTES, async () => {
  await using service = await startService()
  const [id] = (await upload(service, 1)) as [PhotoId]
  const then = (await service.catalog.photos.find(id)) as Photo
  const run = await startReprocess(service, { state: 'all' })
  await complete(service, run)
  await using desk = await openDesk(service.config)
  const none = [await lostAside(desk.shards, service), await remadeTwice(desk.shards)]
  const aside = await asideOf(desk.shards, run)

  await service.store.delete([renditionKey(then, then.renditions[0] as Photo['renditions'][number])])
  await service.database.query(
    `insert into earlier_renditions (photo_id, edition, renditions, due_at, run)
     select photo_id, 99, '', due_at, run from earlier_renditions where photo_id = ${id}`,
  )

  expect(none).toEqual([[], []])
  expect(aside).toEqual([{ id, edition: then.edition, remadeAs: then.edition + 1 }])
  expect(await lostAside(desk.shards, service)).toEqual([
    expect.stringMatching(/which is kept, is not there$/),
  ])
  expect(await remadeTwice(desk.shards)).toEqual([
    `run ${run} put aside photo ${id} as ${then.edition} and as 99`,
  ])
})

/** A trial without blows, in which something of the photos may go wrong when a run of a kind has ended. */
async function trialOf(service: TestService, spoil: (kind: string) => Promise<void>): Promise<string[]> {
  await using desk = await openDesk(service.config)
  const { runs, photos } = service.catalog
  const ids = await upload(service, 3)
  return await tryReprocess({
    random: createRandom(5, 'trial'),
    store: service.store,
    owners: ['alice', 'bob'],
    photos: async (): Promise<Photos> =>
      new Map((await photos.findAll(ids)).map((photo) => [photo.id, photo])),
    atDesk: async (act) => await act(desk),
    darkroom: async () => void (await startReprocess(service, { state: 'all' })),
    untilOver: async (run) => {
      const report = await complete(service, run)
      await spoil(report.kind)
      return await runs.find(run)
    },
    expectFailures: () => {},
  })
}

test(
  'a trial of a run finds nothing when each photo is made once, failed for a reason, and is rolled back',
  MINUTES,
  async () => {
    await using service = await startService()

    expect(await trialOf(service, async () => {})).toEqual([])
  },
)

test(
  'a trial finds a photo that a run changed and did not count, and one that is not rolled back',
  MINUTES,
  async () => {
    await using service = await startService()

    const findings = await trialOf(service, async (kind) => {
      if (kind === 'reprocess')
        await service.database.query('update run_parts set done = 0, skipped = skipped + done where done = 1')
      if (kind === 'rollback' || kind === 'finish')
        await service.database.query("update photos set color = '#000000'")
    })

    expect(findings).toEqual(
      expect.arrayContaining([
        expect.stringMatching(/ 0 done, 1 skipped, 2 failed, 0 left, and made 1 photos$/),
        expect.stringMatching(/ is not as it was before the (rollback|finish)$/),
      ]),
    )
  },
)
