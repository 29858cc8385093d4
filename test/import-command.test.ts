import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { openTestDatabase } from './support/database.ts'
import { readReport } from './support/imports.ts'
import { fixture } from './support/pictures.ts'
import { runDarkroom } from './support/run-darkroom.ts'
import { expireLeases } from './support/runs.ts'
import { temporaryFolder, writeContents, writeZip } from './support/sources.ts'

const CLI = join(import.meta.dirname, '../src/cli.ts')

/** The command, on a database and a home of its own, beside photos to import. */
async function openCommand() {
  await using opened = new AsyncDisposableStack()
  const database = opened.use(await openTestDatabase())
  const home = opened.use(await temporaryFolder())
  const folder = opened.use(await temporaryFolder())
  const env = { DATABASE_URL: database.url, DARKROOM_HOME: home.path }
  const plain = await fixture('plain.jpg')
  const owned = opened.move()
  return {
    database,
    env,
    home: home.path,
    folder: folder.path,
    photo: (n: number) => Buffer.concat([plain, Buffer.from(`photo ${n}`)]),
    darkroom: async (...args: string[]) => await runDarkroom(args, env),
    [Symbol.asyncDispose]: async () => await owned.disposeAsync(),
  }
}

describe('darkroom import', () => {
  test('says what it would do, does it, and finds it done', async () => {
    await using command = await openCommand()
    const { folder, photo, darkroom } = command
    const zip = join(folder, 'takeout-001.zip')
    const year = 'Takeout/Google Photos/Photos from 2021'
    await writeZip(zip, {
      [`${year}/a.jpg`]: photo(1),
      [`${year}/a.jpg.json`]: { title: 'a.jpg', photoTakenTime: { timestamp: '1625140800' } },
      [`${year}/b.jpg`]: photo(1).subarray(0, 300),
    })

    const plan = await darkroom('import', zip, '--owner', 'alice', '--dry-run', '--json')
    const none = await darkroom('runs', '--json')
    const first = await darkroom('import', zip, '--owner', 'alice')
    const again = await darkroom('import', zip, '--owner', 'alice', '--json')

    expect(JSON.parse(plan.stdout)).toMatchObject({ source: 'google', owners: 1, withoutTime: 1 })
    expect(JSON.parse(none.stdout)).toEqual([])
    expect(first).toMatchObject({ code: 2, stderr: '' })
    expect(first.stdout).toMatch(/imported +1\n +refused +1 +corrupt_photo 1\n/)
    expect(first.stdout).toContain(join(command.home, 'imports', 'run-1.ndjson'))
    expect(JSON.parse(again.stdout)).toMatchObject({
      run: 2,
      state: 'complete',
      lines: { 'already_there: known': 1, 'refused: corrupt_photo': 1 },
    })
  })

  test('killed, goes on when it is given again', async () => {
    await using command = await openCommand()
    const { folder, photo, darkroom } = command
    const files = Array.from({ length: 12 }, (_, n): [string, Buffer] => [`${n + 10}.jpg`, photo(n)])
    await writeContents(folder, Object.fromEntries(files))
    const args = ['import', folder, '--owner', 'alice', '--json']
    const report = join(command.home, 'imports', 'run-1.ndjson')
    const child = spawn(process.execPath, [CLI, ...args, '--rate', '1'], {
      env: { PATH: process.env.PATH, ...command.env },
      stdio: 'ignore',
    })
    await expect.poll(async () => await readFile(report, 'utf8').catch(() => '')).toContain('11.jpg')
    child.kill('SIGKILL')
    await once(child, 'exit')
    await expireLeases(command.database)

    const again = await darkroom(...args)

    expect(again.stderr).toContain('Going on with run 1')
    expect(JSON.parse(again.stdout)).toMatchObject({ run: 1, state: 'complete', lines: { imported: 12 } })
    expect(Object.keys(await readReport(report))).toHaveLength(12)
    expect(await command.database.query('select count(*)::int as count from photos')).toEqual([{ count: 12 }])
  })

  test.each([
    [['nowhere', '--owner', 'alice'], 'There is no'],
    [['s3://bucket/x?endpoint=nonsense', '--owner', 'alice'], 'endpoint'],
    [['a.csv', 'b.csv'], 'one list'],
    [['.', '--as', 'nothing'], 'no kind'],
    [['.', '--owner-from', '('], 'no regular expression'],
    [['.', '--exif-offset', '2'], '+02:00'],
    [['.', '--rate', '0'], 'above 0'],
    [['.', '--max-failures', '101'], 'percentage'],
  ])('refuses what it can not do before it begins: %j', async (args, message) => {
    await using command = await openCommand()

    const { code, stderr } = await command.darkroom('import', ...args)

    expect(code).toBe(1)
    expect(stderr).toContain(message)
  })
})
