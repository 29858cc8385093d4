import { expect, test } from 'vitest'
import { startService } from './support/service.ts'
import { authorization } from './support/uploads.ts'

type Operation = { tags?: string[]; responses: Record<string, unknown> }
type OpenApi = { paths: Record<string, Record<string, Operation>> }

test('the OpenAPI document names what is for operators, and nobody else may do any of it', async () => {
  await using service = await startService()
  const { paths } = (await (await fetch(`${service.url}/openapi.json`)).json()) as OpenApi
  const all = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({
      path,
      method: method.toUpperCase(),
      ...operation,
    })),
  )
  const forOperators = all.filter(({ tags }) => tags?.includes('operator'))
  const owner = await authorization(service)

  const answers = await Promise.all(
    forOperators.map(async ({ method, path }) => {
      const url = `${service.url}${path.replaceAll(/\{\w+\}/g, '1')}`
      const codes = await Promise.all(
        [{}, owner].map(async (headers) => {
          const reply = await fetch(url, { method, headers })
          return `${reply.status} ${((await reply.json()) as { code: string }).code}`
        }),
      )
      return [`${method} ${path}`, ...codes]
    }),
  )

  expect(forOperators.length).toBeGreaterThanOrEqual(18)
  expect(answers).toEqual(
    forOperators.map(({ method, path }) => [`${method} ${path}`, '401 unauthenticated', '403 operator_only']),
  )
  expect(forOperators.filter(({ responses }) => !responses['401'] || !responses['403'])).toEqual([])
  const documented = all.filter(({ responses }) =>
    JSON.stringify(responses['403'] ?? {}).includes('operator_only'),
  )
  expect(documented.filter(({ tags }) => !tags?.includes('operator'))).toEqual([])
})
