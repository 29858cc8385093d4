import { expect, test } from 'vitest'
import { compileReply } from '../src/http/replies/compile-reply.ts'

const route = { method: 'GET', url: '/' }

function schemaOf(status: number) {
  return { type: 'object', properties: { status: { const: status }, detail: { type: 'string' } } } as const
}

test('replies of one form are written by one function, whatever route they are of', () => {
  const [one, same, other] = [404, 404, 409].map((status) =>
    compileReply({ ...route, schema: schemaOf(status) }),
  )

  expect(one).toBe(same)
  expect(one).not.toBe(other)
  expect(one?.({ status: 404, detail: 'No "boat".', more: 1 })).toBe(
    '{"status":404,"detail":"No \\"boat\\"."}',
  )
})
