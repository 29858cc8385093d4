import { describe, expect, test } from 'vitest'
import { Api } from '../../clients/typescript/src/api.ts'
import { waitMs } from '../../clients/typescript/src/backoff.ts'
import type { Reply, Request } from '../../clients/typescript/src/platform.ts'

type Answer = { status: number; body?: object; headers?: Record<string, string> } | Error

/** An API that is answered as written, and what was sent to it. */
function apiAnswering(answers: readonly Answer[], retryMs = 60_000) {
  const sent: Request[] = []
  const asked: boolean[] = []
  const api = new Api({
    url: 'https://photos.example/base/',
    token: ({ isRefused }) => {
      asked.push(isRefused)
      return isRefused ? 'new' : 'old'
    },
    retryMs,
    send: async (request): Promise<Reply> => {
      sent.push(request)
      const answer = answers[sent.length - 1] ?? new Error('more was asked than is answered')
      if (answer instanceof Error) throw answer
      const { status, body = {}, headers = {} } = answer
      return { status, header: (name) => headers[name] ?? null, text: JSON.stringify(body) }
    },
  })
  return { api, sent, asked }
}

const now = { 'retry-after': '0' }

describe('a request', () => {
  test('goes to the path, with its query, token and JSON', async () => {
    const { api, sent } = apiAnswering([{ status: 200, body: { id: '1' } }])

    const reply = await api.json('/v1/ids', {
      method: 'POST',
      query: { a: 'x y', b: undefined },
      body: { count: 1 },
    })

    expect(reply).toEqual({ id: '1' })
    expect(sent[0]).toMatchObject({
      url: 'https://photos.example/base/v1/ids?a=x%20y',
      headers: { authorization: 'Bearer old', 'content-type': 'application/json' },
      body: '{"count":1}',
    })
  })

  test('is sent again with a new token when the old one is refused, and once only', async () => {
    const refused = { status: 401, body: { code: 'unauthenticated', detail: 'The token has expired.' } }
    const { api, sent, asked } = apiAnswering([refused, { status: 200 }])
    const { api: other } = apiAnswering([refused, refused])

    await api.ask('/v1/photos/1')

    expect(asked).toEqual([false, true])
    expect(sent[1]?.headers.authorization).toBe('Bearer new')
    await expect(other.ask('/v1/photos/1')).rejects.toMatchObject({ status: 401, code: 'unauthenticated' })
  })

  test('is sent again where nobody answers, the server is busy, or another of its kind is in flight', async () => {
    const { api, sent } = apiAnswering([
      new TypeError('fetch failed'),
      { status: 503, headers: now },
      { status: 429, headers: now },
      { status: 409, headers: now },
      { status: 200 },
    ])

    await api.ask('/v1/photos/1')

    expect(sent).toHaveLength(5)
  })

  test('that the server does not want is not sent again', async () => {
    const problem = { code: 'id_taken', detail: 'Another photo has this id.' }
    const { api, sent } = apiAnswering([{ status: 409, body: problem }])

    await expect(api.ask('/v1/photos/1')).rejects.toMatchObject({ code: 'id_taken', message: problem.detail })
    expect(sent).toHaveLength(1)
  })

  test('is given up when its time is over, with the last reason', async () => {
    const { api } = apiAnswering([{ status: 503, headers: { 'retry-after': '7' } }], 3_000)

    await expect(api.ask('/v1/photos/1')).rejects.toMatchObject({ status: 503, retryAfterMs: 7_000 })
  })

  test('ends with the reason of the signal, also while it waits', async () => {
    const aborter = new AbortController()
    const { api } = apiAnswering([{ status: 503, headers: { 'retry-after': '30' } }])
    const asking = api.ask('/v1/photos/1', { signal: aborter.signal })
    setTimeout(() => aborter.abort(new Error('left the page')), 50)

    await expect(asking).rejects.toThrow('left the page')
  })
})

test('attempts wait for a random part of a time that doubles up to half a minute, and never less than was asked', () => {
  expect([0, 1, 5, 20].map((attempt) => waitMs(attempt, null, () => 1))).toEqual([500, 1_000, 16_000, 30_000])
  expect(waitMs(5, null, () => 0)).toBe(0)
  expect(waitMs(5, 7_000, () => 0)).toBe(7_000)
  expect(waitMs(20, 7_000, () => 1)).toBe(8_000)
})
