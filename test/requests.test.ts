import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import multipart from '@fastify/multipart'
import { type FastifyBaseLogger, fastify, LogController } from 'fastify'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { EngineUnavailableError } from '../src/errors.ts'
import { addErrorReplies, createReplyError } from '../src/http/error-replies.ts'
import { demandLeastRate } from '../src/http/least-rate.ts'
import { replyToParserError } from '../src/http/parser-errors.ts'
import type { PhotoReply } from '../src/http/schemas/photo.ts'
import { fixture } from './support/pictures.ts'
import { exchange, type RawReply } from './support/raw-http.ts'
import { recordedLog, startService, type TestService } from './support/service.ts'
import { authorization, photoForm, postForm } from './support/uploads.ts'

const ID = '764879989359635463'

function expectProblem({ status, headers, body }: RawReply, wanted: [number, string]): void {
  const { code, ...problem } = JSON.parse(body)
  expect([status, code]).toEqual(wanted)
  expect(problem).toEqual({
    type: 'about:blank',
    title: expect.any(String),
    status,
    detail: expect.any(String),
  })
  expect(headers.get('content-type')).toBe('application/problem+json')
  expect(headers.get('x-content-type-options')).toBe('nosniff')
  expect(headers.get('cache-control')).toBe('private, no-cache')
  expect(headers.get('x-request-id')).toMatch(/^[\w-]{36}$/)
}

/** One for all tests of a description that leave nothing behind. */
function sharedService(): () => TestService {
  let service: TestService
  beforeAll(async () => {
    service = await startService()
  })
  afterAll(async () => await service[Symbol.asyncDispose]())
  return () => service
}

async function rawRequest(service: TestService, line: string, headers: string[] = [], body = '') {
  const token = `Authorization: Bearer ${await service.token('alice')}`
  return [line, 'Host: x', token, ...headers, '', body].join('\r\n')
}

describe('every error is problem+json with a code of ours', () => {
  const shared = sharedService()
  const CLOSE = 'Connection: close'
  const JSON_TYPE = 'Content-Type: application/json'
  const PUT_LOOK = `PUT /v1/photos/${ID}/filter HTTP/1.1`

  test.each<[string, [number, string], string, string[], string?]>([
    ['a lonely %', [400, 'invalid_url'], 'GET /v1/photos/% HTTP/1.1', [CLOSE]],
    ['no UTF-8', [400, 'invalid_url'], 'GET /v1/photos/%ff HTTP/1.1', [CLOSE]],
    ['an id that is none', [400, 'invalid_photo_id'], 'GET /v1/photos/1 HTTP/1.1', [CLOSE]],
    ['a cursor that is none', [400, 'invalid_cursor'], 'GET /v1/owners/a/photos?before=x HTTP/1.1', [CLOSE]],
    [
      'a cursor of before',
      [400, 'invalid_cursor'],
      'GET /v1/owners/a/photos?after=764879989359635463 HTTP/1.1',
      [CLOSE],
    ],
    [
      'two bounds',
      [400, 'invalid_field'],
      'GET /v1/owners/a/photos?around=764879989359635463&before=AQGh_R6MewqdZkw9lewH HTTP/1.1',
      [CLOSE],
    ],
    ['a long owner', [400, 'invalid_field'], `GET /v1/owners/${'x'.repeat(200)}/photos HTTP/1.1`, [CLOSE]],
    ['a long id', [400, 'invalid_photo_id'], `GET /v1/photos/${'1'.repeat(9_000)} HTTP/1.1`, [CLOSE]],
    ['a number as text', [400, 'invalid_field'], 'GET /v1/owners/a/photos?limit=ten HTTP/1.1', [CLOSE]],
    ['a number as hex', [400, 'invalid_field'], 'GET /v1/owners/a/photos?limit=0x10 HTTP/1.1', [CLOSE]],
    [
      'a parameter twice',
      [400, 'invalid_field'],
      'GET /v1/owners/a/photos?limit=1&limit=2 HTTP/1.1',
      [CLOSE],
    ],
    ['an unknown parameter', [400, 'invalid_field'], 'GET /v1/owners/a/photos?befor=1 HTTP/1.1', [CLOSE]],
    [
      'more unknown parameters than are looked at',
      [400, 'invalid_field'],
      'GET /v1/owners/a/photos?a=1&b=1&c=1&d=1&e=1&f=1&g=1&h=1&i=1 HTTP/1.1',
      [CLOSE],
    ],
    ['a parameter where there is none', [400, 'invalid_field'], 'GET /v1/filters?x=1 HTTP/1.1', [CLOSE]],
    ['two hosts', [400, 'invalid_request'], 'GET /v1/presets HTTP/1.1', ['Host: y', CLOSE]],
    ['no route', [404, 'route_not_found'], 'GET /v1/nothing HTTP/1.1', [CLOSE]],
    ['no file of the docs', [404, 'route_not_found'], 'GET /docs/static/nothing HTTP/1.1', [CLOSE]],
    [
      'no route, with a form',
      [404, 'route_not_found'],
      'POST /v1/photo HTTP/1.1',
      [CLOSE, 'Content-Type: multipart/form-data; boundary=x', 'Content-Length: 1'],
      'x',
    ],
    ['an unknown method', [405, 'method_not_allowed'], 'PROPFIND /v1/photos HTTP/1.1', [CLOSE]],
    ['a URL of 20 kB', [431, 'headers_too_large'], `GET /${'x'.repeat(20_000)} HTTP/1.1`, []],
    ['headers of 20 kB', [431, 'headers_too_large'], 'GET / HTTP/1.1', [`X: ${'x'.repeat(20_000)}`]],
    ['no HTTP', [400, 'invalid_request'], 'nonsense', []],
    ['an expectation', [417, 'expectation_failed'], 'GET /v1/presets HTTP/1.1', ['Expect: a miracle', CLOSE]],
    ['no JSON', [400, 'invalid_json'], PUT_LOOK, [JSON_TYPE, CLOSE, 'Content-Length: 1'], '{'],
    [
      'a prototype in JSON',
      [400, 'invalid_json'],
      PUT_LOOK,
      [JSON_TYPE, CLOSE, 'Content-Length: 16'],
      '{"__proto__":{}}',
    ],
    ['no body', [400, 'invalid_request'], PUT_LOOK, [JSON_TYPE, CLOSE]],
    [
      'an empty body in chunks',
      [400, 'invalid_json'],
      PUT_LOOK,
      [JSON_TYPE, CLOSE, 'Transfer-Encoding: chunked'],
      '0\r\n\r\n',
    ],
    [
      'a type that is none',
      [415, 'unsupported_media_type'],
      PUT_LOOK,
      ['Content-Type: x', CLOSE, 'Content-Length: 1'],
      '{',
    ],
    [
      'text',
      [415, 'unsupported_media_type'],
      PUT_LOOK,
      ['Content-Type: text/plain', CLOSE, 'Content-Length: 1'],
      '{',
    ],
    [
      'JSON for a form',
      [415, 'unsupported_media_type'],
      'POST /v1/photos HTTP/1.1',
      [JSON_TYPE, CLOSE, 'Content-Length: 2'],
      '{}',
    ],
    [
      'a body that is compressed',
      [415, 'unsupported_encoding'],
      PUT_LOOK,
      [JSON_TYPE, CLOSE, 'Content-Encoding: gzip', 'Content-Length: 2'],
      '{}',
    ],
    [
      'a body that is long where none is taken',
      [413, 'body_too_large'],
      'GET /v1/presets HTTP/1.1',
      ['Content-Length: 100000'],
    ],
    ['a long body', [413, 'body_too_large'], PUT_LOOK, [JSON_TYPE, 'Content-Length: 100000']],
    [
      'a body whose chunks are none',
      [400, 'invalid_request'],
      PUT_LOOK,
      [JSON_TYPE, 'Transfer-Encoding: chunked'],
      'xyz\r\n',
    ],
  ])('%s', async (_what, wanted, line, headers, body) => {
    const service = shared()
    const request = await rawRequest(service, line, headers, body)

    for (const pieceBytes of [1, 1400, 65_536]) {
      const [reply, ...more] = await exchange(service.url, request, pieceBytes)
      expectProblem(reply as RawReply, wanted)
      expect(more).toEqual([])
    }
  })

  test('a request without Host', async () => {
    const [reply] = await exchange(shared().url, 'GET /v1/presets HTTP/1.1\r\nConnection: close\r\n\r\n')

    expectProblem(reply as RawReply, [400, 'invalid_request'])
  })

  test('headers that do not end', async () => {
    await using app = fastify({
      clientErrorHandler: replyToParserError,
      http: { headersTimeout: 500, connectionsCheckingInterval: 100 },
    })
    const url = await app.listen({ port: 0, host: '127.0.0.1' })

    const [reply] = await exchange(url, 'GET / HTTP/1.1\r\nHost: x\r\n')

    expectProblem(reply as RawReply, [408, 'request_timeout'])
  })

  test('on the address of a name as on any other', async () => {
    await using service = await startService({ HOST: 'localhost' })
    const { port } = new URL(service.url)

    const [reply] = await exchange(`http://127.0.0.1:${port}`, 'nonsense\r\n\r\n')

    expectProblem(reply as RawReply, [400, 'invalid_request'])
  })

  test('an engine that is unavailable, of which only the log tells the operator more', async () => {
    await using service = await startService()
    await rm(join(service.config.home, 'objects'), { recursive: true })

    const reply = await postForm(service, photoForm(await fixture('plain.jpg')))

    expect(reply.headers.get('retry-after')).toBe('2')
    expect(await reply.json()).toEqual({
      type: 'about:blank',
      title: 'Service Unavailable',
      status: 503,
      code: 'unavailable',
      detail: 'The service is unavailable for the moment. Try again later.',
    })
  })
})

describe('a body in JSON', () => {
  const shared = sharedService()

  test.each<[string, unknown]>([
    ['null for a number', { filter: 'dusk', strength: null }],
    ['a text for a number', { filter: 'dusk', strength: '0.5' }],
    ['true for a number', { filter: 'dusk', strength: true }],
    ['a list for a number', { filter: 'dusk', strength: [1] }],
    ['a misspelt name', { filter: 'dusk', strenght: 0.5 }],
    ['a number for a name', { filter: 1 }],
    ['no filter', { strength: 1 }],
    ['null for a filter', { filter: null }],
    ['a list', [{ filter: 'dusk' }]],
    ['a text', 'dusk'],
    ['null', null],
  ])('is taken as it is: %s is refused and changes nothing', async (_what, body) => {
    const service = shared()
    const headers = await authorization(service)
    const form = photoForm(await fixture('plain.jpg'), { filter: 'mono' })
    const { id } = (await (await postForm(service, form)).json()) as PhotoReply

    const reply = await fetch(`${service.url}/v1/photos/${id}/filter`, {
      method: 'PUT',
      headers: { ...headers, 'content-type': 'application/json' },
      body: JSON.stringify(body),
    })

    expect(reply.status).toBe(400)
    const photo = await (await fetch(`${service.url}/v1/photos/${id}`, { headers })).json()
    expect(photo).toMatchObject({ filter: 'mono', strength: 1, wanted: null })
  })
})

describe('a request that comes to nothing', () => {
  const shared = sharedService()

  test('does not cost its connection: 404 and 405 are answered on the same one', async () => {
    const paths = ['GET /nothing', 'POST /v1/photos/1/x', 'DELETE /v1/photos', 'GET /v1/presets']
    const requests = paths.map((path, at) => {
      const connection = at === paths.length - 1 ? 'close' : 'keep-alive'
      return `${path} HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nConnection: ${connection}\r\n\r\n{}`
    })

    const replies = await exchange(shared().url, requests.join(''))

    expect(replies.map(({ status }) => status)).toEqual([404, 404, 405, 200])
  })

  test('does not cost its connection for what its body says', async () => {
    const head = ['Content-Type: application/json', 'Content-Length: 1']
    const malformed = await rawRequest(shared(), `PUT /v1/photos/${ID}/filter HTTP/1.1`, head, '{')
    const last = 'GET /v1/presets HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n'

    const replies = await exchange(shared().url, malformed + last)

    expect(replies.map(({ status }) => status)).toEqual([400, 200])
  })

  test('does not take the place of the one before it', async () => {
    const token = `Authorization: Bearer ${await shared().token('alice')}`
    const whole = `GET /v1/owners/alice/photos HTTP/1.1\r\nHost: x\r\n${token}\r\n\r\n`

    const replies = await exchange(shared().url, `${whole}nonsense\r\n\r\n`)

    expect(replies.map(({ status }) => status)).toEqual([200])
    expect(replies[0]?.headers.get('connection')).toBe('close')
  })

  test.each([
    ['DELETE', '/v1/photos', 'GET, HEAD, POST'],
    ['POST', `/v1/photos/${ID}`, 'DELETE, GET, HEAD, PATCH'],
    ['OPTIONS', `/v1/photos/${ID}/filter`, 'DELETE, PUT'],
    ['PUT', '/v1/presets', 'GET, HEAD'],
    ['PATCH', '/healthz', 'GET, HEAD'],
    ['POST', '/docs', 'GET, HEAD'],
    ['POST', '/docs/static/index.css', 'GET, HEAD'],
    ['DELETE', `/renditions/1/${ID}/feed-00000000.jpg`, 'GET, HEAD'],
  ])('is told what is allowed: %s %s', async (method, path, allowed) => {
    const reply = await fetch(shared().url + path, { method })

    expect(reply.status).toBe(405)
    expect(reply.headers.get('allow')).toBe(allowed)
  })

  test.each<[string, [number, string], Record<string, string>]>([
    ['a bad token', [401, 'unauthenticated'], { token: 'nonsense' }],
    ['a Content-Length over the limit', [413, 'photo_too_large'], { length: '200000000' }],
  ])(
    'is answered before its body and without "100 Continue": %s',
    async (_what, wanted, { token, length }) => {
      const service = shared()
      const head = [
        'POST /v1/photos HTTP/1.1',
        'Host: x',
        `Authorization: Bearer ${token ?? (await service.token('alice'))}`,
        'Content-Type: multipart/form-data; boundary=x',
        `Content-Length: ${length ?? 1000}`,
      ]

      const [waiting] = await exchange(service.url, [...head, 'Expect: 100-continue', '', ''].join('\r\n'))

      expectProblem(waiting as RawReply, wanted)
      expect(waiting?.headers.get('connection')).toBe('close')
      // After a token that is no good the rest of a short body is waited for, which here never comes.
      if (!length) return
      const [sending] = await exchange(service.url, [...head, '', ''].join('\r\n'))
      expectProblem(sending as RawReply, wanted)
    },
  )
})

test('a client that waits for "100 Continue" is told to go on when its token and its length are good', async () => {
  await using service = await startService()
  const form = new Response(photoForm(await fixture('plain.jpg')))
  const body = Buffer.from(await form.clone().arrayBuffer())
  const request = await rawRequest(service, 'POST /v1/photos HTTP/1.1', [
    `Content-Type: ${form.headers.get('content-type')}`,
    `Content-Length: ${body.length}`,
    'Expect: 100-continue',
    'Connection: close',
  ])

  const replies = await exchange(service.url, Buffer.concat([Buffer.from(request), body]))

  expect(replies.map(({ status }) => status)).toEqual([100, 201])
})

test.each([
  ['expectations', 'GET /v1/presets HTTP/1.0\r\nExpect: 100-continue'],
  ['hosts', 'GET /v1/presets'],
])('older versions of HTTP know no %s', async (_what, head) => {
  await using service = await startService()

  const [reply] = await exchange(service.url, `${head}\r\n\r\n`)

  expect(reply?.status).toBe(200)
})

test('a reply carries the id of its request, which a proxy may have given it', async () => {
  await using service = await startService()
  const ask = async (headers: Record<string, string>) =>
    (await fetch(`${service.url}/v1/presets`, { headers })).headers.get('x-request-id')

  expect(await ask({ 'x-request-id': 'Root=1-67891233-abcdef012345678912345678' })).toBe(
    'Root=1-67891233-abcdef012345678912345678',
  )
  expect(await ask({ 'x-request-id': 'two words "quoted"' })).toMatch(/^[\w-]{36}$/)
  expect(await ask({})).not.toBe(await ask({}))
})

test('JSON is for one viewer, is asked for anew each time, and is nothing else than JSON', async () => {
  await using service = await startService()
  const headers = await authorization(service)

  for (const path of ['/v1/owners/alice/photos', '/v1/presets', '/readyz', '/openapi.json']) {
    const reply = await fetch(service.url + path, { headers })
    expect(reply.headers.get('cache-control')).toBe('private, no-cache')
    expect(reply.headers.get('x-content-type-options')).toBe('nosniff')
  }
})

/** A server with our error replies and no routes, and what it logs. */
function bareApp() {
  const { lines, log } = recordedLog()
  const logController = new LogController({ disableRequestLogging: true })
  const app = fastify({ loggerInstance: log as FastifyBaseLogger, logController })
  addErrorReplies(app, createReplyError(log))
  const errors = () => lines.filter(({ level }) => Number(level) >= 50)
  return { app, errors }
}

test('an engine that is unavailable is logged once a minute, other errors each time', async () => {
  const { app, errors } = bareApp()
  await using _closing = { [Symbol.asyncDispose]: async () => await app.close() }
  app.get('/unavailable', async () => {
    throw new EngineUnavailableError('The storage is unavailable.')
  })
  app.get('/broken', async () => {
    throw new TypeError('x is not a function')
  })
  const url = await app.listen({ port: 0, host: '127.0.0.1' })

  const paths = ['unavailable', 'unavailable', 'broken', 'unavailable', 'broken']
  const statuses = []
  for (const path of paths) statuses.push((await fetch(`${url}/${path}`)).status)

  expect(statuses).toEqual([503, 503, 500, 503, 500])
  expect(errors().map(({ err }) => (err as Error).message)).toEqual([
    'The storage is unavailable.',
    'x is not a function',
    'x is not a function',
  ])
})

describe('a body that drips', () => {
  /** A server with two routes: one parses JSON, one reads a form, after a pause. It tells how the reading ended. */
  async function startRated(pauseMs: number) {
    const { app, errors } = bareApp()
    demandLeastRate(app, { graceSeconds: 1, bytesPerSecond: 1_000 })
    await app.register(multipart, { limits: { fileSize: 10_000_000 } })
    const formRead = Promise.withResolvers<number>()
    formRead.promise.catch(() => {})
    app.post('/json', async () => 'read')
    app.post('/form', async (request) => {
      const file = await request.file()
      await sleep(pauseMs)
      const bytes = await file?.toBuffer().catch((error) => {
        formRead.reject(error)
        throw error
      })
      formRead.resolve(bytes?.length ?? 0)
      return 'read'
    })
    const url = await app.listen({ port: 0, host: '127.0.0.1' })
    return { url, errors, formRead: formRead.promise, [Symbol.asyncDispose]: async () => await app.close() }
  }

  const beginning = (path: string, type: string, bytes: number) =>
    `POST ${path} HTTP/1.1\r\nHost: x\r\nContent-Type: ${type}\r\nContent-Length: ${bytes}\r\nConnection: close\r\n\r\n`
  const FORM = 'multipart/form-data; boundary=x'
  const FILE = '--x\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n'

  test('is ended with 408', async () => {
    await using rated = await startRated(0)

    const [reply] = await exchange(rated.url, `${beginning('/json', 'application/json', 100_000)}"xxx`, 10)

    expect(reply?.status).toBe(408)
    expect(JSON.parse(reply?.body ?? '')).toMatchObject({ code: 'request_timeout' })
    expect(reply?.headers.get('connection')).toBe('close')
  })

  test('is ended for whoever reads it, so that nothing of it is kept', async () => {
    await using rated = await startRated(0)

    const [reply] = await exchange(rated.url, `${beginning('/form', FORM, 100_000)}${FILE}xxx`)

    expect(reply?.status).toBe(408)
    await expect(rated.formRead).rejects.toThrow()
    expect(rated.errors()).toEqual([])
  })

  test('is not what waits for us', async () => {
    await using rated = await startRated(3_000)
    const form = `${FILE}${'x'.repeat(5_000_000)}\r\n--x--\r\n`

    const [reply] = await exchange(rated.url, beginning('/form', FORM, form.length) + form)

    expect(reply?.status).toBe(200)
    expect(await rated.formRead).toBe(5_000_000)
  })
})
