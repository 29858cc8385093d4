import { afterAll, beforeAll, expect, test } from 'vitest'
import {
  type ApiOptions,
  DarkroomClient,
  type StreamedEvent,
} from '../../clients/typescript/src/darkroom-client.ts'
import { signToken } from '../../src/http/auth/sign-token.ts'
import { openTokenSecret } from '../../src/http/auth/token-secret.ts'
import type { OwnerId } from '../../src/photo/shard.ts'
import { readyPhoto } from '../support/photo-steps.ts'
import { startProxy } from '../support/proxy.ts'
import { startService, type TestService } from '../support/service.ts'

let service: TestService
let proxy: Awaited<ReturnType<typeof startProxy>>
beforeAll(async () => {
  service = await startService()
  proxy = await startProxy(service.url)
})
afterAll(async () => {
  await proxy[Symbol.asyncDispose]()
  await service[Symbol.asyncDispose]()
})

const [vera, ann] = ['vera', 'ann'] as [OwnerId, OwnerId]

/** Reads until it is stopped, and tells what ended it. */
async function listen(token: ApiOptions['token'], lastEventId?: string) {
  const stop = new AbortController()
  const told: StreamedEvent[] = []
  const ids: string[] = []
  const events = new DarkroomClient({ url: proxy.url, token }).events({
    signal: stop.signal,
    onLastEventId: (id) => void ids.push(id),
    ...(lastEventId && { lastEventId }),
  })
  const reading = (async () => {
    for await (const event of events) told.push(event)
  })().catch((error) => error)
  const stopped = async () => {
    stop.abort('enough')
    expect(await reading).toBe('enough')
  }
  return { told, ids, reading, stop: stopped }
}

const photosOf = (told: readonly StreamedEvent[]) =>
  told.map((event) => (event.type === 'reset' ? 'reset' : `${event.type} ${event.photo}`))

test('events come over as many connections as it takes, each once, and an app goes on where it was', async () => {
  const { catalog } = service
  await catalog.follows.set(vera, [ann])
  const token = async () => await service.token(vera)
  const reader = await listen(token)
  await expect.poll(() => reader.ids.length).toBe(1)
  const expected: string[] = []
  const post = async () => {
    expected.push(`feed.new ${await readyPhoto(catalog, ann)}`)
    expected.push(`photo.ready ${await readyPhoto(catalog, vera)}`)
  }

  for (let n = 0; n < 3; n++) {
    await post()
    if (n === 1) await expect.poll(() => reader.told.length).toBe(expected.length)
    await proxy.cut()
    await post()
    await proxy.mend()
  }
  await expect.poll(() => photosOf(reader.told).sort()).toEqual(expected.toSorted())
  await reader.stop()
  const before = reader.told.length
  await post()
  const again = await listen(token, reader.ids.at(-1))

  await expect.poll(() => photosOf(again.told)).toEqual(expect.arrayContaining(expected.slice(before)))
  await again.stop()
})

test('a token that expires is followed by another; one that stays refused ends it', async () => {
  const secret = await openTokenSecret(service.config.home)
  const asked: boolean[] = []
  const reader = await listen(async ({ isRefused }) => {
    asked.push(isRefused)
    // The later ones last: two that are refused in a row would end it, as they are where all is slow.
    return await signToken(secret, vera, asked.length === 1 ? 1 : 3_600)
  })
  await expect.poll(() => asked.length).toBeGreaterThan(1)
  const id = await readyPhoto(service.catalog, vera)
  await expect.poll(() => photosOf(reader.told)).toContain(`photo.ready ${id}`)
  await reader.stop()

  expect(await (await listen(() => 'nonsense')).reading).toMatchObject({
    status: 401,
    code: 'unauthenticated',
  })
})
