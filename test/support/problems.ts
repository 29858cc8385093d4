import { type FastifyBaseLogger, fastify, LogController } from 'fastify'
import { afterAll, beforeAll, expect } from 'vitest'
import { addErrorReplies, createReplyError } from '../../src/http/problems/error-replies.ts'
import type { RawReply } from './raw-http.ts'
import { recordedLog, startService, type TestService } from './service.ts'

export const ID = '764879989359635463'

export function expectProblem({ status, headers, body }: RawReply, wanted: [number, string]): void {
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
export function sharedService(): () => TestService {
  let service: TestService
  beforeAll(async () => {
    service = await startService()
  })
  afterAll(async () => await service[Symbol.asyncDispose]())
  return () => service
}

export async function rawRequest(service: TestService, line: string, headers: string[] = [], body = '') {
  const token = `Authorization: Bearer ${await service.token('alice')}`
  return [line, 'Host: x', token, ...headers, '', body].join('\r\n')
}

/** A server with our error replies and no routes, and what it logs. */
export function bareApp() {
  const { lines, log } = recordedLog()
  const logController = new LogController({ disableRequestLogging: true })
  const app = fastify({ loggerInstance: log as FastifyBaseLogger, logController })
  addErrorReplies(app, createReplyError(log))
  const errors = () => lines.filter(({ level }) => Number(level) >= 50)
  return { app, errors }
}
