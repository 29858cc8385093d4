import { mkdir, mkdtempDisposable, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { runDarkroom } from './support/run-darkroom.ts'

const LINES = 'PORT=first\r\nWORKERS="none"\r\n'

test.each([
  ['as it is', Buffer.from(LINES)],
  ['after a byte order mark', Buffer.from(`\ufeff${LINES}`)],
  ['in UTF-16, as PowerShell writes', Buffer.from(`\ufeff${LINES}`, 'utf16le')],
])('a .env is read %s, from its first line to its last', async (_, bytes) => {
  await using folder = await mkdtempDisposable(join(tmpdir(), 'darkroom-env-'))
  await writeFile(join(folder.path, '.env'), bytes)

  const { code, stderr } = await runDarkroom(['serve'], {}, folder.path)

  expect(code).toBe(1)
  expect(stderr).toContain('PORT must be a whole number from 1 to 65535, not "first"')
  expect(stderr).toContain('WORKERS must be a whole number from 1 to 256, not "none"')
})

test('what is set already wins over .env, even where it is empty', async () => {
  await using folder = await mkdtempDisposable(join(tmpdir(), 'darkroom-env-'))
  await writeFile(join(folder.path, '.env'), 'PORT=1\nLOG_LEVEL=loud\nWORKERS=none\n')

  const { stderr } = await runDarkroom(['serve'], { PORT: 'second', LOG_LEVEL: '' }, folder.path)

  expect(stderr).toContain('not "second"')
  expect(stderr).not.toContain('LOG_LEVEL')
})

test('a .env that can not be read is told in one line', async () => {
  await using folder = await mkdtempDisposable(join(tmpdir(), 'darkroom-env-'))
  await mkdir(join(folder.path, '.env'))

  const { code, stderr } = await runDarkroom(['serve'], {}, folder.path)

  expect([code, stderr]).toEqual([1, "darkroom: The file .env can't be read (EISDIR).\n"])
})
