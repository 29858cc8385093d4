import { request } from 'node:http'
import { buffer } from 'node:stream/consumers'
import { gunzipSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { ownFilters } from '../src/filters/filter-book.ts'
import { TableFiles } from '../src/filters/table-files.ts'
import { identityTable } from '../src/photo/look/color-table.ts'
import { toCube } from '../src/photo/look/cube.ts'
import type { FilterName } from '../src/photo/look/filter.ts'
import { toHald } from '../src/photo/look/hald.ts'
import { startService } from './support/service.ts'

const NOIR = ownFilters().get('noir' as FilterName)

/** As it is on the wire: fetch would ask for compressed replies and open them. */
async function get(url: string, headers: Record<string, string> = {}) {
  const { promise, resolve, reject } = Promise.withResolvers<import('node:http').IncomingMessage>()
  request(url, { headers }, resolve).on('error', reject).end()
  const reply = await promise
  return { status: reply.statusCode, headers: reply.headers, body: await buffer(reply) }
}

test('a table is sent compressed to who takes that, and plain to others, under entity tags of their own', async () => {
  await using service = await startService()
  const url = `${service.url}/v1/filters/noir.cube`
  const text = toCube(await NOIR.table(), NOIR.title)

  const plain = await get(url)
  const refused = await get(url, { 'accept-encoding': 'br, gzip;q=0' })
  const compressed = await get(url, { 'accept-encoding': 'gzip, br' })

  expect([plain.body.toString() === text, plain.headers['content-encoding']]).toEqual([true, undefined])
  expect(refused.body.equals(plain.body)).toBe(true)
  expect(compressed.headers['content-encoding']).toBe('gzip')
  expect(gunzipSync(compressed.body).toString() === text).toBe(true)
  expect(compressed.headers.etag).not.toBe(plain.headers.etag)
  expect(plain.headers.vary).toBe('accept-encoding')
  for (const { headers } of [plain, compressed]) {
    const accept = headers['content-encoding'] ? { 'accept-encoding': 'gzip' } : {}
    expect((await get(url, { ...accept, 'if-none-match': headers.etag as string })).status).toBe(304)
  }
})

test('whoever asks for tables, the process that answers compiles none of ours', async () => {
  const files = new TableFiles()
  const sealed = {
    ...NOIR,
    table: () => {
      throw new Error('compiled here')
    },
  }

  const [cube, again, hald] = await Promise.all([
    files.get(sealed, 'cube'),
    files.get(sealed, 'cube'),
    files.get(sealed, 'hald'),
  ])

  expect(again).toBe(cube)
  expect(gunzipSync(cube).toString() === toCube(await NOIR.table(), NOIR.title)).toBe(true)
  expect(hald.equals(await toHald(await NOIR.table()))).toBe(true)
})

test("an operator's table is sent as it is, and one that can't be made is tried again", async () => {
  const files = new TableFiles()
  const own = {
    ...NOIR,
    name: 'plain' as FilterName,
    origin: 'file' as const,
    title: 'Plain',
    table: async () => identityTable(),
  }

  await expect(files.get({ ...own, origin: 'own' }, 'cube')).rejects.toThrow()

  expect(gunzipSync(await files.get(own, 'cube')).toString()).toBe(toCube(identityTable(), 'Plain'))
})
