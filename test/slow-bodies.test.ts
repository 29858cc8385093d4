import { setTimeout as sleep } from 'node:timers/promises'
import multipart from '@fastify/multipart'
import { describe, expect, test } from 'vitest'
import { demandLeastRate } from '../src/http/least-rate.ts'
import { bareApp } from './support/problems.ts'
import { exchange } from './support/raw-http.ts'

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
