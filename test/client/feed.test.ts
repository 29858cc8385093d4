import { expect, test } from 'vitest'
import { DarkroomClient, type PhotoFeed } from '../../clients/typescript/src/darkroom-client.ts'
import type { PhotoId } from '../../src/photo/photo-id.ts'
import type { OwnerId } from '../../src/photo/shard.ts'
import { MADE } from '../support/feed-world.ts'
import { PLAIN } from '../support/photos.ts'
import { SECRET } from '../support/place.ts'
import { startService, type TestService } from '../support/service.ts'

async function clientOf(service: TestService, owner = 'vera'): Promise<DarkroomClient> {
  const token = await service.token(owner)
  return new DarkroomClient({ url: service.url, token: () => token })
}

/** Photos that are ready, without bytes; returns their ids, newest first. */
async function post({ catalog }: TestService, count: number, owner = 'alice'): Promise<string[]> {
  const ids: PhotoId[] = []
  for (let i = 0; i < count; i++) ids.unshift(await catalog.photos.nextId(owner as OwnerId))
  const add = async (id: PhotoId) => {
    const photo = { ...PLAIN, id, owner: owner as OwnerId, secret: SECRET }
    await catalog.photos.insert(photo)
    await catalog.renditions.record(photo, { look: null, edition: 0 }, MADE)
  }
  await Promise.all(ids.map(add))
  return ids
}

const idsOf = (feed: PhotoFeed) => feed.places.map(({ id }) => id)

test('a feed that begins around a photo grows both ways, and is what the API has', async () => {
  await using service = await startService()
  const ids = await post(service, 30)
  const client = await clientOf(service)
  await client.follow('alice')
  const feed = client.feed({ limit: 4 })

  await feed.openAt(ids[14] as string)
  const begun = idsOf(feed)
  await feed.loadNewer()
  await feed.loadOlder()
  const grown = idsOf(feed)
  const young = await post(service, 3)
  while (feed.hasNewer) await feed.loadNewer()
  while (feed.hasOlder) await feed.loadOlder()
  await expect(feed.openAt('772677015325502464')).rejects.toMatchObject({ code: 'photo_not_found' })
  feed.close()

  expect(begun).toEqual(ids.slice(12, 16))
  expect(grown).toEqual(ids.slice(8, 20))
  expect(idsOf(feed)).toEqual([...young, ...ids])
})

test('of photos that an event told of new ones come in where they belong, and those that are gone leave', async () => {
  await using service = await startService()
  const client = await clientOf(service)
  await client.setFollowing(['alice', 'bob'])
  const late = await service.catalog.photos.nextId('bob' as OwnerId)
  const ids = await post(service, 6)
  const feed = client.feed({ limit: 100 })
  await feed.loadOlder()
  const photo = { ...PLAIN, id: late, owner: 'bob' as OwnerId, secret: SECRET }
  await service.catalog.photos.insert(photo)
  await feed.update([late])
  const processing = idsOf(feed)
  await service.catalog.renditions.record(photo, { look: null, edition: 0 }, MADE)
  await (await clientOf(service, 'alice')).delete(ids[1] as string)

  await feed.update([late, ids[1] as string])
  feed.close()

  expect(processing).toEqual(ids)
  expect(idsOf(feed)).toEqual([ids[0], ...ids.slice(2), late])
})

test('a feed that is told what is shown keeps few photos whole, and reads others anew when they are shown', async () => {
  await using service = await startService()
  const ids = await post(service, 450)
  const client = await clientOf(service)
  await client.follow('alice')
  const feed = client.feed({ limit: 100, presets: ['feed'], formats: ['jpeg'] })
  await feed.loadOlder()
  feed.show(0, 40)
  while (feed.hasOlder) {
    await feed.loadOlder()
    feed.show(feed.places.length - 20, feed.places.length)
  }
  const whole = feed.photos.length
  const letGo = feed.places[50]?.photo
  await (await clientOf(service, 'alice')).delete(ids[3] as string)

  feed.show(0, 60)
  await expect.poll(() => feed.places.slice(0, 60).every(({ photo }) => photo)).toBe(true)
  feed.close()

  expect([whole, letGo]).toEqual([400, null])
  expect(idsOf(feed)).toEqual(ids.toSpliced(3, 1))
  expect(feed.photos.length).toBeLessThanOrEqual(400)
})
