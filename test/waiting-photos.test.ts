import { mkdtempDisposable, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { ownFilters } from '../src/filters/filter-book.ts'
import type { PhotoReply } from '../src/http/schemas/photo.ts'
import { identityTable } from '../src/photo/look/color-table.ts'
import { toCube } from '../src/photo/look/cube.ts'
import { originalKey } from '../src/photo/object-keys.ts'
import type { PhotoId } from '../src/photo/photo-id.ts'
import { filterPhoto } from '../workers/jobs/filter.ts'
import { giveUp } from '../workers/jobs/give-up.ts'
import { resizePhoto } from '../workers/jobs/resize.ts'
import { nothing } from './support/handlers.ts'
import { fixture } from './support/pictures.ts'
import { startService, type TestService } from './support/service.ts'
import { type Fields, photoForm, postForm } from './support/uploads.ts'

async function upload(service: TestService, fields: Fields = {}): Promise<PhotoId> {
  const reply = await postForm(service, photoForm(await fixture('plain.jpg'), fields))
  return ((await reply.json()) as PhotoReply).id as PhotoId
}

/** A worker that notes each job it begins. */
function countingWorker(service: TestService, filters = service.filters) {
  const begun: string[] = []
  const engines = { ...service, filters, maxPixels: service.config.maxPixels }
  const work = service.queue.work({
    lane: 'live',
    handlers: {
      resize: resizePhoto(engines),
      import: resizePhoto(engines),
      filter: filterPhoto(engines),
      purge: nothing,
      finish: nothing,
      remake: nothing,
      sample: nothing,
      fanout: nothing,
    },
    onFailed: giveUp(service.catalog),
    onClaim: (claim) => claim && begun.push(claim.key),
  })
  return Object.assign(work, { begun })
}

const statusOf = async (service: TestService, id: PhotoId) => (await service.catalog.photos.find(id))?.status

test('a photo waits for an original that the storage has lost, and is made when it is put back', async () => {
  await using service = await startService()
  const id = await upload(service)
  const key = originalKey(id, 'jpeg')
  const original = await service.store.read(key)
  await service.store.delete([key])
  await using worker = countingWorker(service)

  await expect.poll(() => worker.begun.length).toBeGreaterThan(3)
  expect(await statusOf(service, id)).toBe('processing')
  await service.store.put(key, original, { contentType: 'image/jpeg' })

  await expect.poll(() => statusOf(service, id)).toBe('ready')
})

test('a photo waits for a filter that its worker does not have yet, and is made by one that does', async () => {
  await using folder = await mkdtempDisposable(join(tmpdir(), 'darkroom-filters-'))
  await writeFile(join(folder.path, 'new.cube'), toCube(identityTable(), 'New'))
  await using service = await startService({ FILTERS_DIR: folder.path })
  const id = await upload(service, { filter: 'new' })
  {
    await using older = countingWorker(service, ownFilters())
    await expect.poll(() => older.begun.length).toBeGreaterThan(3)
  }
  expect(await statusOf(service, id)).toBe('processing')

  await using _worker = service.work()

  await expect.poll(() => statusOf(service, id)).toBe('ready')
})
