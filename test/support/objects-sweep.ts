import { expect } from 'vitest'
import type { PhotoReply } from '../../src/http/schemas/photo.ts'
import { KEEPER_KEY } from '../../src/photo/object-keys.ts'
import type { PhotoId } from '../../src/photo/photo-id.ts'
import { sweepObjects } from '../../src/sweep/sweep-objects.ts'
import { fixture } from './pictures.ts'
import { silentLog, type TestService } from './service.ts'
import { photoForm, postForm } from './uploads.ts'

export const DAY_MS = 24 * 3_600_000

export const inDays = (days: number) => new Date(Date.now() + days * DAY_MS)

export const jpeg = { contentType: 'image/jpeg' }

export const pixels = Buffer.from('pixels')

export const NOTHING = { quarantined: 0, deleted: 0, remade: 0, withoutOriginal: 0, forgotten: 0 }

export const sweep = async (service: TestService, days: number, accepted = 0) =>
  await sweepObjects(service, { quarantineDays: 7, now: inDays(days), accepted }, silentLog)

export const keysOf = async (service: TestService) =>
  (await Array.fromAsync(service.store.list(''))).filter((key) => key !== KEEPER_KEY)

export const put = async (service: TestService, ...keys: string[]) => {
  for (const key of keys) await service.store.put(key, pixels, jpeg)
}

export async function uploadReady(service: TestService): Promise<PhotoId> {
  await using _worker = service.work()
  const reply = await postForm(service, photoForm(await fixture('plain.jpg')), { prefer: 'wait=60' })
  const photo = (await reply.json()) as PhotoReply
  expect(photo.status).toBe('ready')
  await expect
    .poll(async () =>
      (await service.catalog.objects.ofPhotos([photo.id as PhotoId])).get(photo.id as PhotoId),
    )
    .toMatchObject({ isSettled: true })
  return photo.id as PhotoId
}
