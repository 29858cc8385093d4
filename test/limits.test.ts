import { describe, expect, test } from 'vitest'
import { loadConfig } from '../src/config/config.ts'
import { freePort } from '../src/embedded-postgres/free-port.ts'
import { refuseUnderPressure } from '../src/http/limits/pressure.ts'
import { serve } from '../src/serve.ts'
import { bytesBeingWritten } from './support/being-written.ts'
import { noisyJpeg } from './support/pictures.ts'
import { bareApp } from './support/problems.ts'
import { startProxy } from './support/proxy.ts'
import { openTestRedis, testWithRedis } from './support/redis.ts'
import { silentLog, startService } from './support/service.ts'
import { authorization, openUpload, photoForm, postForm, type Service } from './support/uploads.ts'

/** As many questions, one after the other; what came of each. */
async function ask(service: Service, count: number, { url = service.url, owner = 'alice' } = {}) {
  const replies: Response[] = []
  for (let i = 0; i < count; i++)
    replies.push(
      await fetch(`${url}/v1/photos/764879989359635463`, { headers: await authorization(service, owner) }),
    )
  return replies
}

const statuses = (replies: readonly Response[]) => replies.map(({ status }) => status)

describe('requests a second', () => {
  test('of one owner are refused past the limit, for so long as the reply says; those of others are not', async () => {
    await using service = await startService({ OWNER_REQUESTS_PER_SECOND: '1' })

    const replies = await ask(service, 11)
    const last = replies.at(-1) as Response
    const others = await ask(service, 1, { owner: 'bob' })

    expect(statuses(replies)).toEqual([...Array(10).fill(404), 429])
    expect(replies[0]?.headers.get('ratelimit-policy')).toBe('"owner";q=10;w=10')
    expect(replies[0]?.headers.get('ratelimit')).toMatch(/^"owner";r=9;t=(10|9)$/)
    expect(last.headers.get('ratelimit')).toMatch(/^"owner";r=0;t=\d+$/)
    expect(Number(last.headers.get('retry-after'))).toBeGreaterThan(0)
    expect(await last.json()).toMatchObject({ code: 'too_many_requests', status: 429 })
    expect(statuses(others)).toEqual([404])
  })

  test('of one address are refused before a token is looked at; a proxy that is trusted says whose they are', async () => {
    await using service = await startService({
      ADDRESS_REQUESTS_PER_SECOND: '1',
      TRUSTED_PROXIES: '127.0.0.0/8',
    })
    const askFrom = async (address: string) =>
      (
        await fetch(`${service.url}/v1/photos/764879989359635463`, {
          headers: { 'x-forwarded-for': address },
        })
      ).status

    const seen: number[] = []
    for (let i = 0; i < 11; i++) seen.push(await askFrom(`2001:db8::${i}`))

    expect(seen).toEqual([...Array(10).fill(401), 429])
    expect(await askFrom('2001:db8:0:1::1')).toBe(401)
    expect((await fetch(`${service.url}/healthz`)).status).toBe(200)
  })

  test('whoever is not trusted does not choose the address that it is counted for', async () => {
    await using service = await startService({ ADDRESS_REQUESTS_PER_SECOND: '1' })

    const seen: number[] = []
    for (let i = 0; i < 11; i++)
      seen.push(
        (
          await fetch(`${service.url}/v1/photos/764879989359635463`, {
            headers: { 'x-forwarded-for': `10.0.0.${i}` },
          })
        ).status,
      )

    expect(seen.at(-1)).toBe(429)
  })

  testWithRedis(
    'are counted by all servers together on Redis, and by none while it is unavailable',
    async () => {
      await using redis = await openTestRedis()
      await using proxy = await startProxy(redis.url)
      await using service = await startService({ QUEUE_URL: proxy.url, OWNER_REQUESTS_PER_SECOND: '1' })
      const port = await freePort()
      const second = { ...service.config, port, publicUrl: `http://127.0.0.1:${port}` }
      await using _second = await serve(second, silentLog)

      const here = await ask(service, 6)
      const there = await ask(service, 5, { url: second.publicUrl })
      await proxy.cut()
      const uncounted = await ask(service, 2)

      expect(statuses([...here, ...there])).toEqual([...Array(10).fill(404), 429])
      expect(await redis.command('KEYS', '{darkroom}:rate:*owner:alice')).toHaveLength(1)
      expect(statuses(uncounted)).toEqual([404, 404])
    },
  )
})

test('of uploads one owner has so many in flight, and the next is refused before its body', async () => {
  await using service = await startService({ OWNER_UPLOADS_AT_ONCE: '1' })
  const photo = await noisyJpeg({ width: 400, height: 300 })
  const first = await openUpload(service, { connection: 'close' })
  await first.beginFile()
  await first.send(photo.subarray(0, 10_000))
  await expect.poll(() => bytesBeingWritten(service)).toBeGreaterThan(0)

  const refused = await postForm(service, photoForm(photo))
  const ofAnother = await postForm(service, photoForm(photo), {}, 'bob')
  await first.send(photo.subarray(10_000))
  await first.end()
  const reply = await first.closed
  const next = await postForm(service, photoForm(photo))

  expect(refused.status).toBe(429)
  expect(refused.headers.get('retry-after')).toBe('1')
  expect(await refused.json()).toMatchObject({ code: 'too_many_uploads' })
  expect(ofAnother.status).toBe(201)
  expect(reply).toMatch(/^HTTP\/1.1 201 /)
  expect(next.status).toBe(201)
})

test('a server that was long in starting is not taken for one that lags', async () => {
  const { app } = bareApp()
  await refuseUnderPressure(app, { mostDelayMs: 100, sampleMs: 500 })
  app.get('/photos', async () => 'photos')
  holdUp()
  const url = await app.listen({ port: 0, host: '127.0.0.1' })
  await using _app = { [Symbol.asyncDispose]: async () => await app.close() }

  expect((await fetch(`${url}/photos`)).status).toBe(200)
})

test('a server that lags says 503 at once to all but who asks for its health, and goes on when it has caught up', async () => {
  const { app } = bareApp()
  await refuseUnderPressure(app, { mostDelayMs: 100, sampleMs: 500 })
  app.get('/photos', async () => 'photos')
  app.get('/healthz', { config: { isAboutHealth: true } }, async () => 'alive')
  const url = await app.listen({ port: 0, host: '127.0.0.1' })
  await using _app = { [Symbol.asyncDispose]: async () => await app.close() }
  const answerOf = async (path: string) => await fetch(url + path)
  expect((await answerOf('/photos')).status).toBe(200)

  holdUp()
  const refused = await answerOf('/photos')
  const health = await answerOf('/healthz')

  expect(refused.status).toBe(503)
  expect(refused.headers.get('retry-after')).toBe('2')
  expect(await refused.json()).toMatchObject({ code: 'unavailable' })
  expect(health.status).toBe(200)
  await expect.poll(async () => (await answerOf('/photos')).status).toBe(200)
})

/** The server's own events wait for this. */
function holdUp() {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1_500)
}

test('limits and proxies that are none are named', () => {
  const wrong = { OWNER_REQUESTS_PER_SECOND: '0', TRUSTED_PROXIES: '10.0.0.0/33, proxy.example.com, ::1/128' }

  expect(() => loadConfig(wrong)).toThrow(
    /OWNER_REQUESTS_PER_SECOND must be a whole number[\s\S]*TRUSTED_PROXIES has "10.0.0.0\/33"[^:]*TRUSTED_PROXIES has "proxy.example.com"/,
  )
})
