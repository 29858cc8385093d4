import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { openSync } from 'node:fs'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { EngineUnavailableError } from '../src/errors.ts'
import { onceAMinute } from '../src/log.ts'
import { openTestDatabase } from './support/database.ts'
import { fixture } from './support/pictures.ts'
import { temporaryHome } from './support/processes/temporary-home.ts'
import { serveAlone } from './support/serve-alone.ts'
import { photoForm, postForm } from './support/uploads.ts'

const MODULES = new URL('../src/', import.meta.url).href

function scriptOf(statement: string): string[] {
  const script = `
    import { createLog } from '${MODULES}log.ts'
    import { CorruptPhotoError } from '${MODULES}errors.ts'
    const log = createLog('test', 'info')
    ${statement}`
  return ['--input-type=module', '-e', script]
}

/** What a process logs by that statement, parsed. */
async function logged(statement: string): Promise<Record<string, unknown>> {
  const { stdout } = await promisify(execFile)(process.execPath, scriptOf(statement))
  return JSON.parse(stdout)
}

test('what was raised on purpose is logged by its code and reason, without a stack', async () => {
  const line = await logged(
    `log.warn({ job: 'render-7', err: new CorruptPhotoError({ cause: new Error('premature end') }) }, 'job failed')`,
  )

  expect(line).toMatchObject({
    msg: 'job failed',
    job: 'render-7',
    code: 'corrupt_photo',
    reason: 'The picture is damaged or incomplete.',
    cause: 'premature end',
  })
  expect(JSON.stringify(line)).not.toContain('stack')
})

test('any other error is logged with its stack', async () => {
  const line = await logged(`log.error({ err: new TypeError('x is not a function') }, 'queue')`)

  expect(line).toMatchObject({
    msg: 'queue',
    err: { message: 'x is not a function', stack: expect.any(String) },
  })
})

test('what happens over and over is told once a minute, with how often it happened meanwhile', () => {
  const lines: [object, string][] = []
  let now = 0
  const tell = onceAMinute(
    (fields, message) => void lines.push([fields, message]),
    () => now,
  )
  const err = new EngineUnavailableError('The queue is unavailable.')
  const other = new EngineUnavailableError('The storage is unavailable.')

  for (const job of [1, 2, 3]) tell({ job, err }, 'job postponed')
  tell({ job: 4, err: other }, 'job postponed')
  now = 60_000
  for (const job of [5, 6]) tell({ job, err }, 'job postponed')

  expect(lines).toEqual([
    [{ job: 1, err }, 'job postponed'],
    [{ job: 4, err: other }, 'job postponed'],
    [{ job: 5, err, more: 2 }, 'job postponed'],
  ])
})

/** Every write to it fails as on a disk that is full. Linux only. */
const FULL = '/dev/full'

test.runIf(process.platform === 'linux')(
  'a log whose disk is full loses lines, and whoever logs does not notice, nor runs out of memory',
  async () => {
    const script = `
      for (let line = 0; line < 200_000; line++) log.info({ text: 'x'.repeat(200) }, 'line')
      process.exitCode = process.memoryUsage.rss() < 200e6 ? 7 : 8`
    const child = spawn(process.execPath, scriptOf(script), {
      stdio: ['ignore', openSync(FULL, 'w'), 'inherit'],
    })

    const [code] = await once(child, 'exit')

    expect(code).toBe(7)
  },
)

test.runIf(process.platform === 'linux')('a log whose disk is full costs no upload', async () => {
  await using database = await openTestDatabase()
  await using home = await temporaryHome()
  await using api = await serveAlone(home.path, database.url, { LOG_LEVEL: 'info' }, openSync(FULL, 'w'))
  const photo = await fixture('plain.jpg')

  const replies = await Promise.all(Array.from({ length: 20 }, () => postForm(api, photoForm(photo))))

  expect(replies.map(({ status }) => status)).toEqual(replies.map(() => 201))
})
