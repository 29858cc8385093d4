import { createHash } from 'node:crypto'
import { mkdtempDisposable, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type FastifyRequest, fastify } from 'fastify'
import { EngineUnavailableError, UnsupportedFormatError } from '../../src/errors.ts'
import { createAuthenticate } from '../../src/http/auth/authenticate.ts'
import { verifyBySecrets } from '../../src/http/auth/verify-token.ts'
import { addErrorReplies, createReplyError } from '../../src/http/problems/error-replies.ts'
import { silentLog } from './service.ts'

export const SECRET = 'a secret of more than thirty-two characters'

export const SIGNED_URL = `http://127.0.0.1/public/7/1-k3J9sQ2x0aE/feed-0a1b2c3d.webp?Policy=${'p'.repeat(300)}&Signature=${'s'.repeat(344)}`

export type Upload = {
  id: string
  headers: FastifyRequest['headers']
  query: Record<string, string>
  sha256: string
}

/**
 * A server that speaks as much of the API as an upload needs. A file's text decides what becomes of it: `text`
 * is refused, `corrupt` fails, `slow` stays in processing; anything else is ready when it is asked for again.
 */
export async function startApi() {
  const app = fastify()
  addErrorReplies(app, createReplyError(silentLog))
  const uploads: Upload[] = []
  const photos = new Map<string, ReturnType<typeof photoReply>>()
  const authenticate = createAuthenticate(verifyBySecrets([SECRET]))
  const owners = new Set<string>()
  let inFlight = 0
  let mostInFlight = 0

  app.addContentTypeParser(
    'application/octet-stream',
    { parseAs: 'buffer', bodyLimit: 100_000_000 },
    (_, body, done) => done(null, body),
  )
  app.addHook('onRequest', async (request) => {
    if (request.url.startsWith('/v1/')) owners.add((await authenticate(request.headers.authorization)).owner)
  })
  let refusing = 0
  let refused = 0
  let reserved = 0
  const unavailable = () => {
    if (refusing === 0) return
    refusing--
    refused++
    throw new EngineUnavailableError('The storage does not answer.')
  }
  app.post('/v1/ids', async (_request, reply) => {
    unavailable()
    return reply.code(201).send({ ids: [`${764879989359635463n + BigInt(++reserved)}`] })
  })
  app.addHook('onRequest', async ({ method }, reply) => {
    if (method !== 'PUT') return
    mostInFlight = Math.max(mostInFlight, ++inFlight)
    reply.raw.once('close', () => inFlight--)
  })
  app.put<{ Params: { id: string }; Body: Buffer; Querystring: Record<string, string> }>(
    '/v1/photos/:id',
    async (request, reply) => {
      unavailable()
      const {
        headers,
        query,
        body: bytes,
        params: { id },
      } = request
      uploads.push({ id, headers, query, sha256: sha256(bytes) })
      if (bytes.equals(Buffer.from('text'))) throw new UnsupportedFormatError('text')
      const photo = photoReply(id)
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
    },
  )
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

export function photoReply(id: string) {
  return {
    id,
    shortcode: 'Cp1mTD2V7Ac',
    status: 'processing',
    renditions: [] as object[],
    failure: null as null | { code: string; message: string },
  }
}

export async function folderOf(files: Record<string, string | Buffer>) {
  const folder = await mkdtempDisposable(join(tmpdir(), 'darkroom-photos-'))
  for (const [name, bytes] of Object.entries(files)) await writeFile(join(folder.path, name), bytes)
  const paths = Object.keys(files).map((name) => join(folder.path, name))
  return { path: folder.path, paths, [Symbol.asyncDispose]: () => folder.remove() }
}

export function sha256(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex')
}
