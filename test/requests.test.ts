import { describe, expect, test } from 'vitest'
import type { PhotoReply } from '../src/http/schemas/photo.ts'
import { fixture } from './support/pictures.ts'
import { expectProblem, ID, rawRequest, sharedService } from './support/problems.ts'
import { exchange, type RawReply } from './support/raw-http.ts'
import { startService } from './support/service.ts'
import { authorization, photoForm, postForm } from './support/uploads.ts'

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
    ['POST', `/v1/photos/${ID}`, 'DELETE, GET, HEAD, PATCH, PUT'],
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
