import { once } from 'node:events'
import { connect } from 'node:net'
import { expect, test } from 'vitest'
import type { PhotoReply } from '../src/http/schemas/photo.ts'
import { openTestDatabase } from './support/database.ts'
import { fixture } from './support/pictures.ts'
import { temporaryHome } from './support/processes/temporary-home.ts'
import { serveAlone } from './support/serve-alone.ts'
import { openUpload, photoForm, postForm } from './support/uploads.ts'

async function openApi(env: Record<string, string> = {}) {
  await using opened = new AsyncDisposableStack()
  const database = opened.use(await openTestDatabase())
  const home = opened.use(await temporaryHome())
  const api = opened.use(await serveAlone(home.path, database.url, env))
  const owned = opened.move()
  const photos = async () => (await database.query('select id from photos')) as unknown[]
  return { ...api, photos, [Symbol.asyncDispose]: async () => await owned.disposeAsync() }
}

/** Resolves when no connection is taken any more. */
async function refused(url: string): Promise<void> {
  const { hostname, port } = new URL(url)
  const attempt = async () => {
    const socket = connect(Number(port), hostname)
    await once(socket, 'connect').finally(() => socket.destroy())
  }
  await expect.poll(async () => await attempt().then(() => 'taken', String)).toMatch('ECONNREFUSED')
}

/** Resolves when what was sent before is read: a connection on which nothing came would be closed as idle. */
async function isRead(url: string): Promise<void> {
  expect((await fetch(`${url}/healthz`)).status).toBe(200)
}

test.each(['SIGTERM', 'SIGINT', 'SIGHUP'] as const)(
  'after %s no connection is taken any more, and an upload in flight ends as it should',
  async (signal) => {
    await using api = await openApi()
    const upload = await openUpload(api)
    await upload.beginFile()
    await upload.send((await fixture('plain.jpg')).subarray(0, 500))
    await isRead(api.url)

    process.kill(api.pid, signal)
    await refused(api.url)
    await upload.send((await fixture('plain.jpg')).subarray(500))
    await upload.end()

    const reply = await upload.closed
    expect(reply).toMatch(/^HTTP\/1.1 201 /)
    expect(reply).toMatch(/^connection: close\r$/im)
    expect(await api.ended).toBe(0)
  },
)

test('an upload that does not end in time is answered with 503, and nothing is kept of it', async () => {
  await using api = await openApi({ STOP_SECONDS: '1' })
  const upload = await openUpload(api)
  await upload.beginFile()
  await upload.send(await fixture('plain.jpg'))
  await isRead(api.url)

  process.kill(api.pid, 'SIGTERM')

  const reply = await upload.closed
  expect(reply).toMatch(/^HTTP\/1.1 503 /)
  expect(reply).toMatch(/^retry-after: \d+\r$/im)
  expect(reply).toContain('"code":"unavailable"')
  expect(await api.ended).toBe(0)
  expect(await api.photos()).toEqual([])
})

test('who waits for a photo to be ready is answered when the server stops', async () => {
  await using api = await openApi()
  const uploading = postForm(api, photoForm(await fixture('plain.jpg')), { prefer: 'wait=60' })
  await expect.poll(async () => (await api.photos()).length).toBe(1)

  process.kill(api.pid, 'SIGTERM')

  const reply = await uploading
  expect(reply.status).toBe(201)
  expect(((await reply.json()) as PhotoReply).status).toBe('processing')
  expect(await api.ended).toBe(0)
})

test('a request that begins before the stop and ends after it is told to come again, as problem+json', async () => {
  await using api = await openApi()
  // Keeps the server from its end.
  const upload = await openUpload(api)
  await upload.beginFile()
  const { hostname, port } = new URL(api.url)
  const socket = connect(Number(port), hostname)
  await once(socket, 'connect')
  socket.write('GET /v1/presets HTTP/1.1\r\nHost: x\r\n')
  await upload.send((await fixture('plain.jpg')).subarray(0, 500))
  await isRead(api.url)

  process.kill(api.pid, 'SIGTERM')
  await refused(api.url)
  socket.write('\r\n')
  const reply = (await Array.fromAsync(socket)).join('')

  expect(reply).toMatch(/^HTTP\/1.1 503 /)
  expect(reply).toMatch(/^content-type: application\/problem\+json\r$/im)
  expect(reply).toMatch(/^retry-after: \d+\r$/im)
  expect(reply).toMatch(/^connection: close\r$/im)
  expect(reply).toContain('"code":"unavailable"')
  upload.socket.destroy()
})
