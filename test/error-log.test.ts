import { expect, test } from 'vitest'
import { EngineUnavailableError } from '../src/errors.ts'
import { bareApp } from './support/problems.ts'

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
