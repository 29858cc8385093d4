import { request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { buffer } from 'node:stream/consumers'
import { brotliDecompressSync, gunzipSync } from 'node:zlib'
import { fastify } from 'fastify'
import { describe, expect, test } from 'vitest'
import { addCompression, encodingFor } from '../src/http/replies/compression.ts'
import { startService } from './support/service.ts'

const LARGE = { photos: Array.from({ length: 100 }, (_, index) => ({ id: String(index), status: 'ready' })) }
const SMALL = { status: 'alive' }

/** A listening app with one route for each kind of reply. */
async function startApp() {
  const app = fastify({ forceCloseConnections: true })
  addCompression(app)
  app.get('/large', async () => LARGE)
  app.get('/small', async () => SMALL)
  app.get('/tagged', async (_request, reply) => reply.header('etag', 'W/"a"').send(LARGE))
  app.get('/other', async (_request, reply) => reply.header('etag', 'W/"a"').send([LARGE]))
  app.get('/picture', async (_request, reply) => reply.type('image/png').send(Buffer.alloc(5000)))
  await app.listen({ host: '127.0.0.1', port: 0 })
  const { port } = app.server.address() as AddressInfo
  return {
    /** Not by fetch, which decompresses. */
    ask: (path: string, encodings?: string, method = 'GET') => ask(port, path, encodings, method),
    [Symbol.asyncDispose]: () => app.close(),
  }
}

async function ask(port: number, path: string, encodings: string | undefined, method: string) {
  const headers = encodings === undefined ? {} : { 'accept-encoding': encodings }
  const { promise, resolve, reject } = Promise.withResolvers<import('node:http').IncomingMessage>()
  request({ host: '127.0.0.1', port, path, method, headers }, resolve).on('error', reject).end()
  const reply = await promise
  return { headers: reply.headers, body: await buffer(reply) }
}

test.each([
  [undefined, null],
  ['', null],
  ['identity', null],
  ['br', 'br'],
  ['gzip', 'gzip'],
  ['gzip, deflate, br, zstd', 'br'],
  ['GZIP', 'gzip'],
  ['*', 'br'],
  ['br;q=0', null],
  ['br;q=0, *', 'gzip'],
  ['br ; q=0.5, gzip;q=0.8', 'gzip'],
  ['identity, gzip;q=0.5', null],
  ['zstd, deflate', null],
  ['br;q=never', null],
])('of %j it chooses %s', (header, encoding) => {
  expect(encodingFor(header, ['br', 'gzip'])).toBe(encoding)
})

describe('A reply', () => {
  test('of JSON is compressed as its client likes, and says that it depends on that', async () => {
    await using app = await startApp()

    const [brotli, gzip, plain] = await Promise.all([
      app.ask('/large', 'gzip, br'),
      app.ask('/large', 'gzip'),
      app.ask('/large'),
    ])

    expect(brotli.headers).toMatchObject({ 'content-encoding': 'br', vary: 'accept-encoding' })
    expect(JSON.parse(brotliDecompressSync(brotli.body).toString())).toEqual(LARGE)
    expect(gzip.headers).toMatchObject({ 'content-encoding': 'gzip', vary: 'accept-encoding' })
    expect(JSON.parse(gunzipSync(gzip.body).toString())).toEqual(LARGE)
    expect(plain.headers['content-encoding']).toBeUndefined()
    expect(plain.headers.vary).toBe('accept-encoding')
    expect(JSON.parse(plain.body.toString())).toEqual(LARGE)
    for (const { headers, body } of [brotli, gzip, plain])
      expect(headers['content-length']).toBe(String(body.length))
  })

  test('that is small, or a picture, is sent as it is', async () => {
    await using app = await startApp()

    const [small, picture] = await Promise.all([app.ask('/small', 'br'), app.ask('/picture', 'br')])

    expect(small.headers['content-encoding']).toBeUndefined()
    expect(JSON.parse(small.body.toString())).toEqual(SMALL)
    expect(picture.headers['content-encoding']).toBeUndefined()
    expect(picture.headers.vary).toBeUndefined()
    expect(picture.body).toEqual(Buffer.alloc(5000))
  })

  test('with an entity tag is one of its URL, also when another URL has the same tag', async () => {
    await using app = await startApp()
    const read = async (path: string, encoding: string) => {
      const { headers, body } = await app.ask(path, encoding)
      expect(headers['content-encoding']).toBe(encoding)
      return JSON.parse((encoding === 'br' ? brotliDecompressSync(body) : gunzipSync(body)).toString())
    }

    for (const encoding of ['br', 'gzip', 'br', 'gzip']) {
      expect(await read('/tagged', encoding)).toEqual(LARGE)
      expect(await read('/other', encoding)).toEqual([LARGE])
    }
  })

  test('to HEAD has the headers of GET, and no body', async () => {
    await using app = await startApp()

    const head = await app.ask('/tagged', 'br', 'HEAD')

    const get = await app.ask('/tagged', 'br')
    expect(head.body).toHaveLength(0)
    expect({ ...head.headers, date: '' }).toEqual({ ...get.headers, date: '' })
  })
})

test('every JSON of the API is compressed', async () => {
  await using service = await startService()

  const reply = await ask(service.config.port, '/openapi.json', 'br', 'GET')

  expect(reply.headers).toMatchObject({ 'content-encoding': 'br', vary: 'accept-encoding' })
  expect(JSON.parse(brotliDecompressSync(reply.body).toString())).toHaveProperty('openapi')
})
