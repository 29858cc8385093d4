import { createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { type IncomingHttpHeaders, type OutgoingHttpHeaders, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { promisify } from 'node:util'
import { fastify } from 'fastify'
import { SignedCdn } from '../../src/delivery/signed-cdn.ts'
import type { SigningKey } from '../../src/delivery/signing-key.ts'
import { edgeRoute } from '../../src/http/routes/edge.ts'
import type { OwnerId } from '../../src/photo/shard.ts'
import { DiskStore } from '../../src/storage/disk-store.ts'

/** Viewers are told this origin; it stays the same whatever port a test's server gets. */
export const ORIGIN = 'https://photos.example'

export const VIEWER = 'bob' as OwnerId

/** A key of the kind CloudFront takes, made once per test file: making one costs 100 ms and more. */
export const KEY: SigningKey = signingKey(
  'KTESTKEYTESTKE',
  generateKeyPairSync('rsa', { modulusLength: 2048 }),
)

export function signingKey(keyPairId: string, { privateKey }: { privateKey: KeyObject }): SigningKey {
  return { keyPairId, privateKey, publicKey: createPublicKey(privateKey) }
}

export async function temporaryDirectory() {
  const path = await mkdtemp(join(tmpdir(), 'darkroom-'))
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) }
}

export type EdgeReply = { status: number; headers: IncomingHttpHeaders; body: Buffer }

/** A listening edge over objects on disk. */
export async function startEdge({ now = Date.now }: { now?: () => number } = {}) {
  const directory = await temporaryDirectory()
  const store = await DiskStore.open(directory.path)
  const cdn = new SignedCdn({ origin: ORIGIN, key: KEY, windowSeconds: 86_400, minLifeSeconds: 3600, now })
  const app = fastify({ forceCloseConnections: true })
  await app.register(
    edgeRoute({
      store,
      firstViews: { keep: async () => null },
      origin: ORIGIN,
      keys: new Map([[KEY.keyPairId, KEY.publicKey]]),
      now,
    }),
  )
  await app.listen({ host: '127.0.0.1', port: 0 })
  const { port } = app.server.address() as AddressInfo

  return {
    store,
    cdn,
    port,
    connections: () => promisify(app.server.getConnections.bind(app.server))(),
    /** Sends the target as it is: fetch would tidy it up. */
    ask: (target: string, headers: OutgoingHttpHeaders = {}, method = 'GET') =>
      ask({ port, target: target.replace(ORIGIN, ''), headers, method }),
    [Symbol.asyncDispose]: async () => {
      await app.close()
      await directory[Symbol.asyncDispose]()
    },
  }
}

type Question = { port: number; target: string; headers: OutgoingHttpHeaders; method: string }

async function ask({ port, target, headers, method }: Question): Promise<EdgeReply> {
  const { promise, resolve, reject } = Promise.withResolvers<EdgeReply>()
  request({ host: '127.0.0.1', port, path: target, headers, method }, (reply) => {
    buffer(reply).then(
      (body) => resolve({ status: reply.statusCode ?? 0, headers: reply.headers, body }),
      reject,
    )
  })
    .on('error', reject)
    .end()
  return promise
}
