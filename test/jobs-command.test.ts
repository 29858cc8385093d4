import { expect, test } from 'vitest'
import type { PhotoReply } from '../src/http/schemas/photo.ts'
import type { PhotoId } from '../src/photo/photo-id.ts'
import { fixture } from './support/pictures.ts'
import { runDarkroom } from './support/run-darkroom.ts'
import { startService } from './support/service.ts'
import { photoForm, postForm } from './support/uploads.ts'

test('`darkroom jobs` tells what waits and what failed and why, and `jobs retry` makes it again', {
  timeout: 180_000,
}, async () => {
  await using service = await startService()
  const env = { DARKROOM_HOME: service.config.home, DATABASE_URL: service.database.url }
  const darkroom = async (...args: string[]) => await runDarkroom(['jobs', ...args], env)
  const reply = await postForm(service, photoForm(await fixture('plain.jpg')))
  const { id } = (await reply.json()) as PhotoReply
  const [original = ''] = await Array.fromAsync(service.store.list('originals/'))
  const bytes = await service.store.read(original)
  await service.store.delete([original])
  await service.store.put(original, Buffer.from('no photo'), { contentType: 'image/jpeg' })
  {
    await using _worker = service.work()
    await expect.poll(async () => (await service.catalog.photos.find(id as PhotoId))?.status).toBe('failed')
  }
  await postForm(service, photoForm(await fixture('plain.jpg')))

  const totals = await darkroom()
  const failed = await darkroom('--failed')
  const other = await darkroom('--code', 'other')
  await service.store.delete([original])
  await service.store.put(original, bytes, { contentType: 'image/jpeg' })
  const retried = await darkroom('retry', '--code', 'corrupt_photo')

  expect(totals.stdout.split('\n')[1]?.split(/ +/)).toEqual(['live', 'resize', '1', '0', '0', '1'])
  expect(failed.stdout).toMatch(new RegExp(`resize +${id} +corrupt_photo +1 .*damaged`))
  expect(other.stdout).toBe('No job has failed with other.\n')
  expect(retried).toMatchObject({ code: 0, stdout: 'Enqueued again: 1.\n' })
  await using _worker = service.work()
  await expect
    .poll(async () => await service.catalog.photos.find(id as PhotoId))
    .toMatchObject({ status: 'ready', failure: null })
})

test('`darkroom jobs --json` prints its array alone, also while the database is unavailable', {
  timeout: 180_000,
}, async () => {
  await using service = await startService()
  await postForm(service, photoForm(await fixture('plain.jpg')))
  const env = {
    DARKROOM_HOME: service.config.home,
    DATABASE_URL: 'postgres://nobody@127.0.0.1:1/none',
    QUEUE_URL: service.database.url,
  }

  const { stdout, code } = await runDarkroom(['jobs', '--json'], env)

  expect(code).toBe(0)
  expect(JSON.parse(stdout)).toMatchObject([{ lane: 'live', kind: 'resize', waiting: 1 }])
})
