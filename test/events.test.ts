import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { signToken } from '../src/http/auth/sign-token.ts'
import { openTokenSecret } from '../src/http/auth/token-secret.ts'
import type { OwnerId } from '../src/photo/shard.ts'
import { EventReader } from './support/event-reader.ts'
import { changeLook, moveTo, readyPhoto } from './support/photo-steps.ts'
import { insertPhoto } from './support/photos.ts'
import { startTwoServers } from './support/two-servers.ts'

const ORIGIN = 'https://app.example.com'

let servers: Awaited<ReturnType<typeof startTwoServers>>
beforeAll(async () => {
  servers = await startTwoServers({ CORS_ORIGINS: ORIGIN })
})
afterAll(async () => await servers[Symbol.asyncDispose]())

let names = 0
/** Of a test's own. */
const newName = (name: string) => `${name}-${names++}` as OwnerId

describe('GET /v1/events', () => {
  test('tells of the own photos, in the order in which things happen, on every server', async () => {
    const { catalog } = servers.one
    const alice = newName('alice')
    await using here = await EventReader.open(servers.one, alice)
    await using there = await EventReader.open(servers.other, alice)
    await using stranger = await EventReader.open(servers.one, newName('bob'))

    const id = await readyPhoto(catalog, alice)
    await changeLook(catalog, alice, id)
    await moveTo(catalog, 'private', id)
    await catalog.removals.remove(id, alice)
    const failed = await insertPhoto(catalog, alice)
    await catalog.photos.fail(failed, { code: 'malformed_photo', message: 'x' })

    const all = ['photo.ready', 'photo.look', 'photo.visibility', 'photo.deleted', 'photo.failed']
    for (const { told } of [here, there]) {
      await expect.poll(() => told.map(({ type }) => type)).toEqual(all)
      expect(told.map(({ data }) => [data.photo, data.owner])).toEqual(
        [id, id, id, id, failed].map((photo) => [photo, alice]),
      )
      expect(told[3]?.data).toMatchObject({ visibility: 'private', failure: null })
      expect(told[4]?.data).toMatchObject({ visibility: 'public', failure: 'malformed_photo' })
      const ids = told.map(({ data }) => BigInt(data.id))
      expect(ids).toEqual(ids.toSorted((a, b) => (a < b ? -1 : 1)))
    }
    expect(stranger.told).toEqual([])
  })

  test('tells followers of what is new to them, and whom they come to follow meanwhile', async () => {
    const { catalog } = servers.one
    const [ann, ben, vera] = [newName('ann'), newName('ben'), newName('vera')]
    await catalog.follows.set(vera, [ann])
    await using here = await EventReader.open(servers.one, vera)
    await using there = await EventReader.open(servers.other, vera)

    const first = await readyPhoto(catalog, ann)
    await readyPhoto(catalog, ann, { visibility: 'private' })
    await readyPhoto(catalog, ben)
    for (const { told } of [here, there]) await expect.poll(() => told.length).toBe(1)
    await catalog.follows.add(vera, ben)
    const second = await readyPhoto(catalog, ben)
    for (const { told } of [here, there]) {
      await expect.poll(() => told.some(({ data }) => data.photo === second)).toBe(true)
      expect(told[0]).toMatchObject({
        type: 'feed.new',
        data: { photo: first, owner: ann, type: 'feed.new' },
      })
    }
    await catalog.follows.set(vera, [])
    await expect
      .poll(async () => {
        const id = await readyPhoto(catalog, ann)
        const later = await readyPhoto(catalog, vera)
        await expect.poll(() => here.of(later)).toEqual(['photo.ready'])
        return here.of(id)
      })
      .toEqual([])
  })

  test('goes on after the last event that the client had, with all that happened meanwhile, at another server', async () => {
    const { catalog } = servers.one
    const [ann, vera] = [newName('ann'), newName('vera')]
    await catalog.follows.set(vera, [ann])
    const before = await EventReader.open(servers.one, vera)
    const first = await readyPhoto(catalog, vera)
    await expect.poll(() => before.types).toEqual(['photo.ready'])
    await before.close()

    const own: string[] = []
    for (let n = 0; n < 120; n++) own.push(await readyPhoto(catalog, vera, { visibility: 'private' }))
    const news = await readyPhoto(catalog, ann)
    await using after = await EventReader.open(servers.other, vera, before.lastEventId)
    const last = await readyPhoto(catalog, vera, { visibility: 'private' })

    await expect.poll(() => after.of(last)).toEqual(['photo.ready'])
    // Of others it is told when all of the own is, which may have the last in it.
    await expect.poll(() => after.of(news)).toEqual(['feed.new'])
    const told = after.told.filter(({ type }) => type === 'photo.ready').map(({ data }) => data.photo)
    expect(told).toEqual([...own, last])
    expect(after.of(first)).toEqual([])
  })

  test('begins with `reset` when it can not go on where the client was', async () => {
    const { catalog } = servers.one
    const alice = newName('alice')
    const own = await catalog.photoEvents.lastOf(alice)
    const dayAgo = Date.now() - 24 * 3_600_000
    const ofAnother = await catalog.photos.nextId(newName('bob'))
    for (const lastEventId of ['nonsense', `${own}.${dayAgo}`, `${ofAnother}.${Date.now()}`]) {
      await using reader = await EventReader.open(servers.one, alice, lastEventId)
      await expect.poll(() => reader.types).toEqual(['reset'])
      expect(reader.lastEventId).not.toBe(lastEventId)
      const id = await readyPhoto(catalog, alice)
      await expect.poll(() => reader.of(id)).toEqual(['photo.ready'])
    }
  })

  test('is neither compressed nor kept by anybody on the way, and may be read from pages of other origins', async () => {
    await using reader = await EventReader.open(servers.one, newName('alice'), undefined, {
      'accept-encoding': 'gzip, br',
      origin: ORIGIN,
    })
    const { headers } = reader.reply

    expect(headers.get('content-type')).toBe('text/event-stream')
    expect(headers.get('content-encoding')).toBe(null)
    expect(headers.get('cache-control')).toContain('no-transform')
    expect(headers.get('x-accel-buffering')).toBe('no')
    expect(headers.get('access-control-allow-origin')).toBe(ORIGIN)
    expect(headers.get('x-request-id')).not.toBe(null)
    expect((await fetch(`${servers.one.url}/v1/events`)).status).toBe(401)
  })

  test('ends when the token expires', async () => {
    const alice = newName('alice')
    const secret = await openTokenSecret(servers.one.config.home)
    const token = async () => await signToken(secret, alice, 1)
    // Where all is slow one may have expired before the server sees it.
    const open = async () => await EventReader.open({ url: servers.one.url, token }, alice)
    await using reader = await vi.waitFor(open, { timeout: 120_000 })

    expect(await reader.ended).toBe('ended')
  })

  test('is open so many times for one viewer, and again when one was closed', async () => {
    const alice = newName('alice')
    await using opened = new AsyncDisposableStack()
    const readers: EventReader[] = []
    for (let n = 0; n < 20; n++) readers.push(opened.use(await EventReader.open(servers.one, alice)))
    const ask = async () =>
      await fetch(`${servers.one.url}/v1/events`, {
        headers: { authorization: `Bearer ${await servers.one.token(alice)}` },
      })

    const refused = await ask()
    expect(refused.status).toBe(429)
    expect(await refused.json()).toMatchObject({ code: 'too_many_streams' })
    await readers[0]?.close()
    await expect
      .poll(async () => {
        const reply = await ask()
        await reply.body?.cancel()
        return reply.status
      })
      .toBe(200)
  })
})
