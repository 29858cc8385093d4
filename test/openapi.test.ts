import { execFile, spawnSync } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { Compile } from 'typebox/compile'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { DarkroomClient } from '../clients/typescript/src/darkroom-client.ts'
import type { PhotoReply } from '../src/http/schemas/photo.ts'
import type { PhotoId } from '../src/photo/photo-id.ts'
import type { OwnerId } from '../src/photo/shard.ts'
import { needs } from './support/needs.ts'
import { fixture } from './support/pictures.ts'
import { ID } from './support/problems.ts'
import { startService, type TestService } from './support/service.ts'
import { authorization, digestOf, type Fields, photoForm, postForm } from './support/uploads.ts'

const CONFIG = join(import.meta.dirname, 'support/schemathesis.toml')

type Parameter = { name: string; in: string; required?: boolean; schema: Record<string, unknown> }
type DocumentedReply = {
  headers?: Record<string, unknown>
  content?: Record<string, { schema: Record<string, unknown> }>
}
type Operation = {
  operationId: string
  parameters?: Parameter[]
  responses: Record<string, DocumentedReply>
}
type OpenApi = { paths: Record<string, Record<string, Operation>> }

let service: TestService
let document: OpenApi
let operations: Map<string, Operation>

beforeAll(async () => {
  service = await startService({ MAX_UPLOAD_BYTES: '1000000' })
  await nameExample(service)
  document = (await (await fetch(`${service.url}/openapi.json`)).json()) as OpenApi
  const all = Object.values(document.paths).flatMap((methods) => Object.values(methods))
  operations = new Map(all.map((operation) => [operation.operationId, operation]))
})
afterAll(async () => await service[Symbol.asyncDispose]())

/** A photo of the external name that the document has for an example, as no request makes one. */
async function nameExample(service: TestService): Promise<void> {
  const reply = await postForm(service, photoForm(await fixture('plain.jpg')))
  const { id } = (await reply.json()) as PhotoReply
  await service.catalog.imports.name(id as PhotoId, {
    source: 'wordpress',
    externalId: '2019/05/boat.jpg',
    owner: 'alice' as OwnerId,
  })
}

/** One of no photo, which is over: as good as any to ask for what comes after. */
async function endedRun(service: TestService): Promise<string> {
  const client = new DarkroomClient({
    url: service.url,
    token: async () => await service.token('olga', { isOperator: true }),
  })
  const { runs } = client.operator
  const run = await runs.begin(
    { kind: 'reprocess', select: { state: 'all', owners: ['nobody'] } },
    { key: 'ended' },
  )
  await runs.cancel(run)
  return String(run.id)
}

/** One whose bytes are there: its id. */
async function beginDirectUpload(service: TestService): Promise<string> {
  const photo = await fixture('plain.jpg')
  const begun = await fetch(`${service.url}/v1/direct-uploads`, {
    method: 'POST',
    body: JSON.stringify({ bytes: photo.length, type: 'image/jpeg' }),
    headers: { ...(await authorization(service)), 'content-type': 'application/json' },
  })
  const { id, url, headers } = (await begun.json()) as { id: string; url: string; headers: Fields }
  await fetch(url, { method: 'PUT', body: new Uint8Array(photo), headers })
  return id
}

/** What the document does not say of a reply: its status, its type, a header of it, or the form of its body. */
async function undocumented(operationId: string, reply: Response): Promise<string[]> {
  const documented = operations.get(operationId)?.responses[reply.status]
  if (!documented) return [`status ${reply.status}`]
  const missing = ['location', 'allow', 'retry-after', 'www-authenticate', 'preference-applied', 'etag']
    .filter((name) => reply.headers.has(name) && documented.headers?.[name] === undefined)
    .map((name) => `header ${name}`)
  const type = (reply.headers.get('content-type') ?? '').replace(/;.*/, '')
  if (type === '' && documented.content === undefined) return missing
  const schema = documented.content?.[type]?.schema
  if (!schema) return [...missing, `type ${type}`]
  const body = type.endsWith('json') ? await reply.json() : await reply.text()
  const errors = Compile(schema).Errors(body)
  return [...missing, ...errors.map(({ instancePath, message }) => `${instancePath} ${message}`)]
}

describe('the OpenAPI document', () => {
  test('says what a client may leave out, and how ids, cursors and focus are written', () => {
    const parameters = [...operations.values()].flatMap(({ parameters = [] }) => parameters)
    const named = (name: string) => parameters.filter((parameter) => parameter.name === name)

    expect(new Set(named('limit').map(({ required }) => required ?? false))).toEqual(new Set([false]))
    expect(named('id').length).toBeGreaterThan(3)
    for (const { schema } of [
      ...named('id'),
      ...named('before'),
      ...named('after'),
      ...named('around'),
      ...named('owner'),
    ]) {
      expect(schema.pattern).toEqual(expect.any(String))
      expect('').not.toMatch(new RegExp(schema.pattern as string))
    }
    expect(named('prefer').length).toBeGreaterThanOrEqual(3)
  })

  test('knows every error as application/problem+json with the codes it can have', () => {
    const errors = [...operations.values()]
      .flatMap(({ operationId, responses }) =>
        Object.entries(responses).map(([status, reply]) => ({ operationId, status, ...reply })),
      )
      .filter(({ status }) => Number(status) >= 400)

    expect(errors.length).toBeGreaterThan(50)
    for (const { operationId, status, content } of errors) {
      const also = operationId === 'getReadiness' && status === '503' ? ['application/json'] : []
      expect(Object.keys(content ?? {})).toEqual([...also, 'application/problem+json'])
      const properties = content?.['application/problem+json']?.schema.properties as {
        code: { enum: string[] }
      }
      expect(properties.code.enum.length).toBeGreaterThan(0)
    }
  })

  test('is what real replies keep to, errors included', async () => {
    await using _worker = service.work()
    const token = await authorization(service)
    const stranger = await authorization(service, 'bob')
    const json = { ...token, 'content-type': 'application/json' }
    const ask = async (operationId: string, path: string, request: RequestInit = {}) => {
      const reply = await fetch(service.url + path, request)
      const copy = reply.clone()
      expect([operationId, reply.status, await undocumented(operationId, reply)]).toEqual([
        operationId,
        reply.status,
        [],
      ])
      return copy
    }
    const post = async (form: FormData, headers: Record<string, string> = token) =>
      await ask('uploadPhoto', '/v1/photos', { method: 'POST', body: form, headers })

    const photo = await fixture('plain.jpg')
    const waiting = { ...token, prefer: 'wait=60' }
    const { id } = (await (await post(photoForm(photo, { filter: 'mono' }), waiting)).json()) as PhotoReply
    const failed = (await (
      await post(photoForm(await fixture('truncated.jpg')), waiting)
    ).json()) as PhotoReply
    const statuses: number[] = []
    const note = async (reply: Promise<Response>) => statuses.push((await reply).status)

    await note(post(photoForm(photo)))
    await note(post(photoForm(photo, { focus: 'x' })))
    await note(post(new FormData()))
    await note(post(photoForm(await fixture('text.jpg'))))
    await note(post(photoForm(Buffer.alloc(2_000_000))))
    await note(post(photoForm(photo), {}))
    await note(ask('uploadPhoto', '/v1/photos', { method: 'POST', body: '{}', headers: json }))
    const bare = { ...token, 'content-type': 'image/jpeg' }
    await note(
      ask('uploadPhoto', '/v1/photos', { method: 'POST', body: new Uint8Array(photo), headers: bare }),
    )
    await note(ask('reserveIds', '/v1/ids', { method: 'POST', body: '{"count":0}', headers: json }))
    await note(ask('getMe', '/v1/me', { headers: token }))
    await note(ask('getMe', '/v1/me'))
    const begin = (body: object, headers: Record<string, string> = json) =>
      ask('beginDirectUpload', '/v1/direct-uploads', { method: 'POST', body: JSON.stringify(body), headers })
    const complete = (id: string) =>
      ask('completeDirectUpload', `/v1/direct-uploads/${id}/complete`, { method: 'POST', headers: token })
    await note(begin({}))
    const begun = await begin({ bytes: photo.length, type: 'image/jpeg' })
    const direct = (await begun.json()) as { id: string; url: string; headers: Record<string, string> }
    await note(complete(ID))
    await note(complete(direct.id))
    await fetch(direct.url, { method: 'PUT', body: new Uint8Array(photo), headers: direct.headers })
    await note(complete(direct.id))
    await note(complete(direct.id))
    const { ids } = (await (
      await ask('reserveIds', '/v1/ids', { method: 'POST', body: '{"count":2}', headers: json })
    ).json()) as { ids: [string, string] }
    const putBytes = (to: string, body: Buffer, headers: Record<string, string> = bare) =>
      ask('putPhoto', `/v1/photos/${to}`, { method: 'PUT', body: new Uint8Array(body), headers })
    await note(putBytes(ids[0], photo))
    await note(putBytes(ids[0], photo, { ...bare, prefer: 'wait=60' }))
    await note(putBytes(ids[0], Buffer.from('x')))
    await note(putBytes(ids[1], photo, { ...bare, 'content-digest': 'sha-256' }))
    await note(putBytes(ids[1], photo, { ...bare, 'content-digest': digestOf(Buffer.from('x')) }))
    await note(putBytes(ids[1], photo, { ...bare, ...stranger }))
    await note(ask('getPhoto', `/v1/photos/${id}`, { headers: token }))
    await note(ask('getPhoto', `/v1/photos/${id}`, { headers: stranger }))
    await note(ask('getPhoto', `/v1/photos/${failed.id}`, { headers: token }))
    await note(ask('getPhoto', `/v1/photos/${failed.id}`, { headers: stranger }))
    await note(ask('getPhoto', '/v1/photos/%', { headers: token }))
    await note(ask('getPhoto', '/v1/photos/1', { headers: token }))
    await note(ask('getPhoto', `/v1/photos/${id}?urls=parts`, { headers: token }))
    await note(ask('getPhoto', `/v1/photos/${id}`, { headers: { ...token, 'if-none-match': '*' } }))
    await note(ask('listPhotos', '/v1/owners/alice/photos', { headers: token }))
    await note(ask('listPhotos', '/v1/owners/alice/photos?limit=1', { headers: stranger }))
    await note(ask('listPhotos', '/v1/owners/alice/photos?limit=0', { headers: token }))
    await note(ask('listPhotos', `/v1/owners/alice/photos?around=${id}`, { headers: stranger }))
    await note(ask('listPhotos', `/v1/owners/alice/photos?around=${failed.id}`, { headers: stranger }))
    await note(ask('listPhotos', `/v1/owners/${'x'.repeat(200)}/photos`, { headers: token }))
    await note(ask('getPhotos', `/v1/photos?ids=${id},764879989359635463`, { headers: token }))
    await note(ask('getPhotos', '/v1/photos?ids=x', { headers: token }))
    await note(ask('setCookies', '/v1/cookies', { method: 'POST', headers: token }))
    await note(ask('setCookies', '/v1/cookies', { method: 'POST' }))
    const look = `/v1/photos/${id}/filter`
    const put = (body: string, headers: Record<string, string> = json) =>
      ask('changeLook', look, { method: 'PUT', body, headers })
    await note(put('{"filter":"noir"}'))
    await note(put('{"filter":"dusk"}', { ...json, prefer: 'wait=60' }))
    await note(put('{"filter":"dusk","strength":null}'))
    await note(put('{'))
    await note(put('x', { ...token, 'content-type': 'text/plain' }))
    await note(put(`"${'x'.repeat(100_000)}"`))
    await note(
      ask('changeLook', `/v1/photos/${failed.id}/filter`, {
        method: 'PUT',
        body: '{"filter":"dusk"}',
        headers: json,
      }),
    )
    await note(ask('removeLook', look, { method: 'DELETE', headers: stranger }))
    await note(ask('removeLook', look, { method: 'DELETE', headers: token }))
    const patch = (body: string, headers: Record<string, string> = json) =>
      ask('changePhoto', `/v1/photos/${id}`, { method: 'PATCH', body, headers })
    await note(patch('{"visibility":"private","alt":"a boat"}'))
    await note(patch('{"focus":{"x":0,"y":1}}', { ...json, prefer: 'wait=60' }))
    await note(patch('{"focus":{"x":1}}'))
    await note(patch('{}', { ...json, ...stranger }))
    await note(ask('deletePhoto', `/v1/photos/${id}`, { method: 'DELETE', headers: stranger }))
    await note(ask('deletePhoto', `/v1/photos/${id}`, { method: 'DELETE', headers: token }))
    await note(ask('listPresets', '/v1/presets'))
    await note(ask('listFilters', '/v1/filters'))
    await note(ask('getFilterCube', '/v1/filters/mono.cube'))
    await note(ask('getFilterHald', '/v1/filters/no-such.png'))
    const follow = (method: string, path: string, body?: unknown) => ({
      path: `/v1/following${path}`,
      request: {
        method,
        headers: body ? json : token,
        ...(body !== undefined && { body: JSON.stringify(body) }),
      },
    })
    for (const [operationId, { path, request }] of [
      ['setFollowing', follow('PUT', '', { owners: ['bob'] })],
      ['setFollowing', follow('PUT', '', { owners: ['a b'] })],
      ['follow', follow('PUT', '/carol')],
      ['unfollow', follow('DELETE', '/carol')],
      ['getFollowing', follow('GET', '')],
      ['getFeed', { path: '/v1/feed?limit=2', request: { headers: token } }],
      ['getFeed', { path: '/v1/feed?around=1', request: { headers: token } }],
    ] as const)
      await note(ask(operationId, path, request))
    const operator = { ...json, authorization: `Bearer ${await service.token('olga', { isOperator: true })}` }
    const run = (
      operationId: string,
      path: string,
      body?: object,
      headers: Record<string, string> = operator,
    ) =>
      ask(operationId, `/v1/runs${path}`, {
        headers,
        ...(body && { method: 'POST', body: JSON.stringify(body) }),
      })
    const wish = { kind: 'reprocess', select: { state: 'all' } }
    await note(run('listRuns', '', undefined, token))
    await note(run('countRun', '/count', wish))
    const beginning = run('beginRun', '', { ...wish, canary: 1 })
    await note(beginning)
    const made = (await (await beginning).json()) as { id: number; version: number }
    await note(run('getRun', `/${made.id}`))
    await note(run('listRunPairs', `/${made.id}/pairs`))
    await note(run('listRunFailures', `/${made.id}/failures`))
    await note(run('rollbackRun', `/${made.id}/rollback`, { version: made.version }))
    await note(run('cancelRun', `/${made.id}/cancel`, { version: made.version }))
    await note(run('pauseRun', `/${made.id}/pause`, { version: made.version }))
    await note(run('getRun', '/999999'))
    await note(run('listRuns', '?limit=2'))
    await note(ask('getHealth', '/healthz'))
    await note(ask('getReadiness', '/readyz'))

    expect(statuses).toEqual([
      ...[
        201, 400, 400, 415, 413, 401, 415, 201, 400, 200, 401, 400, 404, 409, 201, 200, 201, 200, 409, 400,
        400, 404, 200, 200, 200, 404, 400, 400, 200, 304, 200, 200, 400, 200, 404, 400, 200, 400, 200, 401,
      ],
      ...[
        202, 200, 400, 400, 415, 413, 409, 404, 202, 200, 200, 400, 404, 404, 204, 200, 200, 200, 404, 200,
        400, 204, 204, 200, 200, 400, 403, 200, 201, 200, 200, 200, 409, 200, 409, 404, 200, 200, 200,
      ],
    ])
  })

  const withSchemathesis = needs(
    'schemathesis 4',
    spawnSync('schemathesis', ['--version']).status === 0,
    'pip install schemathesis',
  )

  withSchemathesis(
    'is as strict and as true as schemathesis can tell, by all of its checks',
    { timeout: 600_000 },
    async () => {
      const folder = await mkdtemp(join(tmpdir(), 'darkroom-schemathesis-'))
      const header = `Bearer ${await service.token('alice', { isOperator: true })}`
      // The same requests each time; run it without that, and for longer, to look for more.
      const options = [
        '--checks=all',
        '--max-examples=10',
        '--generation-deterministic',
        '--continue-on-failure',
        // A machine that is busy is slow, and not wrong.
        '--request-timeout=120',
        '--suppress-health-check=too_slow',
        // It does not end.
        '--exclude-path=/v1/events',
        '--no-color',
      ]

      const run = promisify(execFile)(
        'schemathesis',
        [
          '--config-file',
          CONFIG,
          'run',
          `${service.url}/openapi.json`,
          '--header',
          `Authorization: ${header}`,
          ...options,
        ],
        {
          cwd: folder,
          env: {
            ...process.env,
            PYTHONPATH: join(import.meta.dirname, 'support'),
            PYTHONDONTWRITEBYTECODE: '1',
            SCHEMATHESIS_HOOKS: 'schemathesis_hooks',
            DIRECT_UPLOAD: await beginDirectUpload(service),
            RUN: await endedRun(service),
            RESERVED_ID: await new DarkroomClient({
              url: service.url,
              token: async () => await service.token('alice'),
            }).reserveId(),
          },
        },
      )
      const { code = 0, stdout } = (await run.catch((error: { code: number; stdout: string }) => error)) as {
        code?: number
        stdout: string
      }
      await rm(folder, { recursive: true })

      expect(code, stdout).toBe(0)
      expect(stdout).toContain('No issues found')
    },
  )
})
