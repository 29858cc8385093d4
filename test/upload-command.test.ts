import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { DarkroomClient } from '../clients/typescript/src/darkroom-client.ts'
import { freePort } from '../src/embedded-postgres/free-port.ts'
import { startProxy } from './support/proxy.ts'
import { runDarkroom } from './support/run-darkroom.ts'
import { folderOf, photoReply, SECRET, SIGNED_URL, sha256, startApi } from './support/upload-api.ts'

describe('darkroom upload', () => {
  test('sends each file whole, its length and its digest said before, its fields in the query', async () => {
    await using api = await startApi()
    const noise = randomBytes(3_000_000)
    await using photos = await folderOf({ 'noise.jpg': noise })

    const ran = await runDarkroom(
      ['upload', ...photos.paths, '--filter', 'mono', '--strength', '0.5', '--visibility', 'private'],
      api.env,
    )

    expect([ran.code, ran.stderr]).toEqual([0, ''])
    expect(api.uploads).toHaveLength(1)
    expect(api.uploads[0]).toMatchObject({
      query: { filter: 'mono', strength: '0.5', visibility: 'private' },
      sha256: sha256(noise),
      headers: {
        'content-length': '3000000',
        'content-digest': `sha-256=:${Buffer.from(sha256(noise), 'hex').toString('base64')}:`,
      },
    })
    expect(api.uploads[0]?.headers['transfer-encoding']).toBeUndefined()
  })

  test('tells file, id and status of every photo, in the order they were named', async () => {
    await using api = await startApi()
    await using photos = await folderOf({ 'large.jpg': randomBytes(2_000_000), 'b.jpg': 'b' })

    const ran = await runDarkroom(['upload', ...photos.paths], api.env)

    const lines = ran.stdout.trimEnd().split('\n')
    expect(lines).toHaveLength(2)
    expect(lines[0]).toMatch(/large\.jpg {2}\d{18} {2}processing$/)
    expect(lines[1]).toMatch(/b\.jpg {6}\d{18} {2}processing$/)
  })

  test('uploads at most four at a time, all of them in the end', async () => {
    await using api = await startApi()
    const files = Array.from({ length: 12 }, (_, index) => [`${index}.jpg`, randomBytes(300_000)] as const)
    await using photos = await folderOf(Object.fromEntries(files))

    const ran = await runDarkroom(['upload', ...photos.paths], api.env)

    expect(ran.code).toBe(0)
    expect(api.uploads.map(({ sha256 }) => sha256).sort()).toEqual(
      files.map(([, bytes]) => sha256(bytes)).sort(),
    )
    expect(api.mostInFlight()).toBeLessThanOrEqual(4)
  })

  test('speaks for "me", for the owner it is told, or with the token it is given', async () => {
    await using api = await startApi()
    await using photos = await folderOf({ 'a.jpg': 'a' })
    const { stdout: token } = await runDarkroom(['token', 'carol'], api.env)
    const { stdout: other } = await runDarkroom(['token', 'dave'], api.env)

    await runDarkroom(['upload', ...photos.paths], api.env)
    await runDarkroom(['upload', ...photos.paths, '--owner', 'bob'], api.env)
    await runDarkroom(['upload', ...photos.paths], { PUBLIC_URL: api.url, DARKROOM_TOKEN: token.trim() })
    await runDarkroom(['upload', ...photos.paths, '--token', other.trim(), '--url', `${api.url}/`], {
      DARKROOM_TOKEN: 'x',
    })

    expect([...api.owners]).toEqual(['me', 'bob', 'carol', 'dave'])
  })

  test('waits until photos are ready, and shows their renditions on 80 columns with URLs to copy', async () => {
    await using api = await startApi()
    await using photos = await folderOf({ 'a.jpg': 'a' })

    const ran = await runDarkroom(['upload', ...photos.paths, '--wait'], api.env)

    const [photo, rendition, url] = ran.stdout.split('\n')
    expect([ran.code, ran.stderr]).toEqual([0, ''])
    expect(photo).toMatch(/a\.jpg {2}ready {2}\d{18} {2}Cp1mTD2V7Ac$/)
    expect(rendition).toMatch(/^ {2}feed +webp +1080×810 +141\.2 kB$/)
    expect(rendition?.length).toBeLessThan(80)
    expect(url).toBe(SIGNED_URL)
  })

  test('prints one JSON array for programs', async () => {
    await using api = await startApi()
    await using photos = await folderOf({ 'a.jpg': 'a', 'b.jpg': 'text' })

    const ran = await runDarkroom(['upload', ...photos.paths, '--wait', '--json'], api.env)

    expect(JSON.parse(ran.stdout)).toEqual([
      { file: photos.paths[0], photo: expect.objectContaining({ status: 'ready' }), failure: null },
      {
        file: photos.paths[1],
        photo: null,
        failure: { code: 'unsupported_format', detail: expect.any(String) },
      },
    ])
  })

  test('goes on after a file that is refused, says why, and exits with 1', async () => {
    await using api = await startApi()
    await using photos = await folderOf({ 'text.jpg': 'text', 'b.jpg': 'b' })

    const ran = await runDarkroom(['upload', ...photos.paths], api.env)

    expect(ran.code).toBe(1)
    expect(ran.stderr).toMatch(/text\.jpg: unsupported_format: The file is text\. Send JPEG, .*\n$/)
    expect(ran.stdout).toMatch(/b\.jpg {2,}\d+ {2}processing\n$/)
  })

  test('hears a refusal that comes while the file is being sent', async () => {
    await using api = await startApi()
    await using photos = await folderOf({ 'large.jpg': Buffer.alloc(30_000_000) })

    const ran = await runDarkroom(['upload', ...photos.paths, '--token', 'wrong'], api.env)

    expect(ran.code).toBe(1)
    expect(ran.stderr).toContain('large.jpg: unauthenticated: The token is not valid.')
  })

  test('tells what a photo failed of, and exits with 1', async () => {
    await using api = await startApi()
    await using photos = await folderOf({ 'corrupt.jpg': 'corrupt' })

    const ran = await runDarkroom(['upload', ...photos.paths, '--wait'], api.env)

    expect(ran.code).toBe(1)
    expect(ran.stderr).toMatch(/corrupt\.jpg: corrupt_photo: The picture is damaged\.\n$/)
    expect(ran.stdout).toContain('corrupt.jpg  failed')
  })

  test('gives up waiting when the time is up, and exits with 1', async () => {
    await using api = await startApi()
    await using photos = await folderOf({ 'slow.jpg': 'slow', 'a.jpg': 'a' })

    const ran = await runDarkroom(['upload', ...photos.paths, '--wait', '--timeout', '1s'], api.env)

    expect(ran.code).toBe(1)
    expect(ran.stderr).toMatch(/slow\.jpg: wait_timed_out: It is still processing after 1 s\..*\n$/)
    expect(ran.stdout).toContain('a.jpg  ready')
  })

  test('uploads nothing when a file is missing or a folder, and names them all', async () => {
    await using api = await startApi()
    await using photos = await folderOf({ 'a.jpg': 'a' })

    const ran = await runDarkroom(['upload', ...photos.paths, '/no/such.jpg', photos.path], api.env)

    expect([ran.code, ran.stdout]).toEqual([1, ''])
    expect(ran.stderr).toContain('/no/such.jpg does not exist.')
    expect(ran.stderr).toContain(`${photos.path} is a folder`)
    expect(api.uploads).toEqual([])
  })

  test('sends again what the API could not take while it restarted, and nothing twice', async () => {
    await using api = await startApi()
    await using proxy = await startProxy(api.url)
    const files = Array.from({ length: 12 }, (_, index) => [`${index}.jpg`, randomBytes(300_000)] as const)
    await using photos = await folderOf(Object.fromEntries(files))

    const running = runDarkroom(['upload', ...photos.paths], { ...api.env, PUBLIC_URL: proxy.url })
    await expect.poll(() => api.uploads.length, { interval: 1 }).toBeGreaterThan(1)
    await proxy.cut()
    api.refuseNext(3)
    await sleep(1_000)
    await proxy.mend()
    const ran = await running

    expect(ran).toMatchObject({ code: 0, stderr: '' })
    const byId = new Map(api.uploads.map(({ id, sha256 }) => [id, sha256]))
    expect([...byId.values()].sort()).toEqual(files.map(([, bytes]) => sha256(bytes)).sort())
  })

  test('sends none twice when the API has been unavailable for long', async () => {
    await using api = await startApi()
    api.refuseNext(Number.POSITIVE_INFINITY)
    const files = Array.from({ length: 40 }, (_, index) => [`${index}.jpg`, String(index)] as const)
    await using photos = await folderOf(Object.fromEntries(files))

    const ran = await runDarkroom(['upload', ...photos.paths, '--retry', '1s'], api.env)

    expect(ran.code).toBe(1)
    expect(ran.stderr.match(/\.jpg: unavailable: /g)).toHaveLength(40)
    // The first four, for a second, and the others once.
    expect(api.refused()).toBeLessThan(40 + 4 * 5)
  })

  test('makes a token for each request, so that none expires on the way', async () => {
    const tokens: unknown[] = []
    await using server = await startServer((request, response) => {
      tokens.push(request.headers.authorization)
      response.end(JSON.stringify(photoReply('7')))
    })
    let made = 0
    const api = new DarkroomClient({ url: server.url, token: () => `token-${++made}` })

    for (const id of ['7', '8', '9']) await api.photo(id)

    expect(tokens).toEqual(['Bearer token-1', 'Bearer token-2', 'Bearer token-3'])
  })

  test('says so when nothing answers', async () => {
    await using photos = await folderOf({ 'a.jpg': 'a' })
    const url = await closedUrl()

    const ran = await runDarkroom(['upload', ...photos.paths, '--url', url], { TOKEN_SECRET: SECRET })

    expect(ran).toEqual({
      code: 1,
      stdout: '',
      stderr: `darkroom: Nothing answers at ${url}: is \`npm start\` running?\n`,
    })
  })

  test('says so when what answers is another program', async () => {
    await using server = await startServer((request, response) =>
      request.resume().on('end', () => response.end('Hello')),
    )
    await using photos = await folderOf({ 'a.jpg': 'a' })

    const ran = await runDarkroom(['upload', ...photos.paths, '--url', server.url], { TOKEN_SECRET: SECRET })

    expect(ran.code).toBe(1)
    expect(ran.stderr).toMatch(/a\.jpg: unexpected_reply: .* answered 200 .*\n$/)
  })

  test('says so when the connection breaks off', async () => {
    await using server = await startServer((request, response) => {
      if (request.method === 'GET') response.end()
      else request.once('data', () => request.destroy())
    })
    await using photos = await folderOf({ 'large.jpg': Buffer.alloc(10_000_000) })

    const ran = await runDarkroom(['upload', ...photos.paths, '--url', server.url, '--retry', '1s'], {
      TOKEN_SECRET: SECRET,
    })

    expect(ran.code).toBe(1)
    expect(ran.stderr).toMatch(/large\.jpg: unreachable: The connection broke off, or there was none: .*\n$/)
  })
})

async function startServer(answer: RequestListener) {
  const server = createServer(answer).listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  }
}

/** An address where nothing listens. */
async function closedUrl(): Promise<string> {
  return `http://127.0.0.1:${await freePort()}`
}
