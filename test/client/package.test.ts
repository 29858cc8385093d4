import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { rolldown } from 'rolldown'
import { expect, test } from 'vitest'
import { CLIENT_TYPES_FILE, clientTypes } from '../../scripts/client-types/client-types.ts'

const CLIENT = join(import.meta.dirname, '../../clients/typescript')

test('the types of the client are those of the API: npm run client-types', async () => {
  expect(await readFile(CLIENT_TYPES_FILE, 'utf8')).toBe(await clientTypes())
})

test('the client is at most 12 kB in a page, and wants no other package', async () => {
  await using bundle = await rolldown({ input: join(CLIENT, 'src/darkroom-client.ts') })
  const { output } = await bundle.generate({ minify: true })

  expect(JSON.parse(await readFile(join(CLIENT, 'package.json'), 'utf8')).dependencies).toBeUndefined()
  expect(output).toHaveLength(1)
  expect(output[0].imports).toEqual([])
  expect(gzipSync(output[0].code, { level: 9 }).length).toBeLessThanOrEqual(12_000)
})
