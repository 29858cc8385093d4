import { expect, test } from 'vitest'
import { openTestDatabase } from './support/database.ts'
import { fixture } from './support/pictures.ts'
import { temporaryHome } from './support/processes/temporary-home.ts'
import { startProxy } from './support/proxy.ts'
import { serveAlone } from './support/serve-alone.ts'
import { authorization, photoForm, postForm } from './support/uploads.ts'

/** A statement is given up after 15 s, connections at the end 5 s later. */
const timeout = 120_000

test('a server whose database hangs answers 503, and ends when it is told to', { timeout }, async () => {
  await using home = await temporaryHome()
  await using database = await openTestDatabase()
  await using proxy = await startProxy(database.url)
  await using api = await serveAlone(home.path, proxy.url)
  const photo = await fixture('plain.jpg')
  const upload = async () => await postForm(api, photoForm(photo))
  const { id } = (await (await upload()).json()) as { id: string }
  const headers = await authorization(api)

  const stalled = proxy.stall()
  const replies = await Promise.all([fetch(`${api.url}/v1/photos/${id}`, { headers }), upload()])
  await stalled

  expect(replies.map(({ status }) => status)).toEqual([503, 503])
  expect(await api.stop()).toBe(0)
})

test('a server whose queue hangs takes photos in, and ends when it is told to', { timeout }, async () => {
  await using home = await temporaryHome()
  await using database = await openTestDatabase()
  await using proxy = await startProxy(database.url)
  await using api = await serveAlone(home.path, database.url, { QUEUE_URL: proxy.url })
  const photo = await fixture('plain.jpg')
  const upload = async () => await postForm(api, photoForm(photo, { filter: 'amber' }))
  await upload()

  const stalled = proxy.stall()
  const replies = await Promise.all([upload(), upload()])
  await stalled

  expect(replies.map(({ status }) => status)).toEqual([201, 201])
  expect(await api.stop()).toBe(0)
})
