import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempDisposable, writeFile } from 'node:fs/promises'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'
import multipart from '@fastify/multipart'
import fc from 'fast-check'
import { type FastifyRequest, fastify } from 'fastify'
import { describe, expect, test } from 'vitest'
import { photoForm } from '../src/commands/photo-form.ts'
import { PhotosApi } from '../src/commands/photos-api.ts'
import { EngineUnavailableError, SetupError, UnsupportedFormatError } from '../src/errors.ts'
import { createAuthenticate } from '../src/http/auth/authenticate.ts'
import { verifyBySecrets } from '../src/http/auth/verify-token.ts'
import { addErrorReplies, createReplyError } from '../src/http/error-replies.ts'
import { startProxy } from './support/proxy.ts'
import { runDarkroom } from './support/run-darkroom.ts'
import { silentLog } from './support/service.ts'

const SECRET = 'a secret of more than thirty-two characters'
const SIGNED_URL = `http://127.0.0.1/public/7/1-k3J9sQ2x0aE/feed-0a1b2c3d.webp?Policy=${'p'.repeat(300)}&Signature=${'s'.repeat(344)}`

type Upload = { headers: FastifyRequest['headers']; parts: string[]; file: string; sha256: string }

/**
 * A server that speaks as much of the API as an upload needs. A file's text decides what becomes of it: `text`
 * is refused, `corrupt` fails, `slow` stays in processing; anything else is ready when it is asked for again.
 */
async function startApi() {
  const app = fastify()
  addErrorReplies(app, createReplyError(silentLog))
  const uploads: Upload[] = []
  const photos = new Map<string, ReturnType<typeof photoReply>>()
  const authenticate = createAuthenticate(verifyBySecrets([SECRET]))
  const owners = new Set<string>()
  let inFlight = 0
  let mostInFlight = 0

  await app.register(multipart, { limits: { fileSize: 100_000_000 } })
  app.addHook('onRequest', async (request) => {
    if (request.url.startsWith('/v1/')) owners.add(await authenticate(request.headers.authorization))
  })
  let refusing = 0
  let refused = 0
  app.post('/v1/photos', async (request, reply) => {
    if (refusing > 0) {
      refusing--
      refused++
      throw new EngineUnavailableError('The storage does not answer.')
    }
    mostInFlight = Math.max(mostInFlight, ++inFlight)
    const upload: Upload = { headers: request.headers, parts: [], file: '', sha256: '' }
    let bytes: Buffer = Buffer.alloc(0)
    for await (const part of request.parts()) {
      if (part.type === 'field') upload.parts.push(`${part.fieldname}=${part.value}`)
      else {
        bytes = await part.toBuffer()
        upload.parts.push(part.fieldname)
        upload.file = part.filename
        upload.sha256 = sha256(bytes)
      }
    }
    inFlight--
    uploads.push(upload)
    if (bytes.equals(Buffer.from('text'))) throw new UnsupportedFormatError('text')
    const photo = photoReply(`${764879989359635463n + BigInt(uploads.length)}`)
    photos.set(photo.id, photo)
    if (bytes.equals(Buffer.from('corrupt'))) {
      photos.set(photo.id, {
        ...photo,
        status: 'failed',
        failure: { code: 'corrupt_photo', message: 'The picture is damaged.' },
      })
    } else if (!bytes.equals(Buffer.from('slow'))) {
      const rendition = {
        preset: 'feed',
        format: 'webp',
        width: 1080,
        height: 810,
        bytes: 141_233,
        url: SIGNED_URL,
      }
      photos.set(photo.id, { ...photo, status: 'ready', renditions: [rendition] })
    }
    return reply.code(201).send(photo)
  })
  app.get<{ Params: { id: string } }>('/v1/photos/:id', async ({ params }) => photos.get(params.id))

  const url = await app.listen({ host: '127.0.0.1', port: 0 })
  return {
    url,
    uploads,
    owners,
    mostInFlight: () => mostInFlight,
    /** That many uploads are answered with 503. */
    refuseNext: (count: number) => {
      refusing = count
    },
    refused: () => refused,
    env: { TOKEN_SECRET: SECRET, PUBLIC_URL: url },
    [Symbol.asyncDispose]: () => app.close(),
  }
}

function photoReply(id: string) {
  return {
    id,
    shortcode: 'Cp1mTD2V7Ac',
    status: 'processing',
    renditions: [] as object[],
    failure: null as null | { code: string; message: string },
  }
}

async function folderOf(files: Record<string, string | Buffer>) {
  const folder = await mkdtempDisposable(join(tmpdir(), 'darkroom-photos-'))
  for (const [name, bytes] of Object.entries(files)) await writeFile(join(folder.path, name), bytes)
  const paths = Object.keys(files).map((name) => join(folder.path, name))
  return { path: folder.path, paths, [Symbol.asyncDispose]: () => folder.remove() }
}

function sha256(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex')
}

describe('darkroom upload', () => {
  test('sends each file whole, its length said before, the fields ahead of it', async () => {
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
      parts: ['filter=mono', 'strength=0.5', 'visibility=private', 'file'],
      file: 'noise.jpg',
      sha256: sha256(noise),
    })
    expect(Number(api.uploads[0]?.headers['content-length'])).toBeGreaterThan(3_000_000)
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
    await expect.poll(() => api.uploads.length, { interval: 1, timeout: 60_000 }).toBeGreaterThan(1)
    await proxy.cut()
    api.refuseNext(3)
    await sleep(1_000)
    await proxy.mend()
    const ran = await running

    expect(ran).toMatchObject({ code: 0, stderr: '' })
    const keys = new Map(
      api.uploads.map((upload) => [upload.headers['idempotency-key'] as string, upload.sha256]),
    )
    expect([...keys.values()].sort()).toEqual(files.map(([, bytes]) => sha256(bytes)).sort())
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
    const api = new PhotosApi(server.url, async () => `token-${++made}`)

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
    expect(ran.stderr).toMatch(/large\.jpg: unreachable: The connection broke off: .*\n$/)
  })
})

describe('the form of an upload', () => {
  test('is as long as it says and gives back what was put in, whatever the file is called', async () => {
    await using api = await startApi()
    const name = fc.string({
      unit: fc.constantFrom('a', '"', '\\', 'é', '写', ' ', ';', '%', '=', '\n'),
      minLength: 1,
      maxLength: 12,
    })
    const bytes = fc.uint8Array({ maxLength: 200 }).map((array) => Buffer.from(array))
    const { stdout: token } = await runDarkroom(['token', 'me'], api.env)

    await fc.assert(
      fc.asyncProperty(name, bytes, async (fileName, content) => {
        await using photos = await folderOf({ [fileName]: content })
        const [path = ''] = photos.paths

        const form = photoForm(
          { path, bytes: content.length },
          { filter: 'mono', strength: undefined },
          () => {},
        )
        const sent = await buffer(form.body)
        await fetch(`${api.url}/v1/photos`, {
          method: 'POST',
          headers: { authorization: `Bearer ${token.trim()}`, 'content-type': form.contentType },
          body: sent,
        })

        expect(sent).toHaveLength(form.contentLength)
        expect(api.uploads.at(-1)).toMatchObject({ parts: ['filter=mono', 'file'], sha256: sha256(content) })
        expect(api.uploads.at(-1)?.file).toBe(asSent(basename(path)))
      }),
      { numRuns: 40 },
    )
  })

  test('is broken off when the file changed since its length was taken', async () => {
    await using photos = await folderOf({ 'grown.jpg': 'pixels', 'shrunk.jpg': 'pix' })
    const [grown = '', shrunk = ''] = photos.paths

    const tooLong = buffer(photoForm({ path: grown, bytes: 5 }, {}, () => {}).body)
    const tooShort = buffer(photoForm({ path: shrunk, bytes: 5 }, {}, () => {}).body)

    await expect(tooLong).rejects.toThrow(SetupError)
    await expect(tooShort).rejects.toThrow('shrunk.jpg changed while it was sent')
  })
})

/** A parser leaves these as they were escaped. */
function asSent(name: string): string {
  return name.replaceAll('"', '%22').replaceAll('\n', '%0A').replaceAll('\\', '%5C')
}

async function startServer(answer: RequestListener) {
  const server = createServer(answer).listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  }
}

/** An address where something listened a moment ago and nothing does now. */
async function closedUrl(): Promise<string> {
  await using server = await startServer(() => {})
  return server.url
}
