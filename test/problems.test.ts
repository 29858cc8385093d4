import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { fastify } from 'fastify'
import { describe, expect, test } from 'vitest'
import { replyToParserError } from '../src/http/problems/parser-errors.ts'
import { fixture } from './support/pictures.ts'
import { expectProblem, ID, rawRequest, sharedService } from './support/problems.ts'
import { exchange, type RawReply } from './support/raw-http.ts'
import { startService } from './support/service.ts'
import { photoForm, postForm } from './support/uploads.ts'

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
