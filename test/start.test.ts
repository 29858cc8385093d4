import { execFile } from 'node:child_process'
import { chown, mkdir, readFile, realpath, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { freePort } from '../src/embedded-postgres/free-port.ts'
import type { PhotoReply } from '../src/http/schemas/photo.ts'
import { type Darkroom, startDarkroom } from './support/darkroom.ts'
import { needs } from './support/needs.ts'
import { isRoot, ordinaryUser, testAsOrdinaryUser } from './support/ordinary-user.ts'
import { noisyJpeg } from './support/pictures.ts'
import { type TemporaryHome, temporaryHome } from './support/processes/temporary-home.ts'
import { type Ran, runDarkroom } from './support/run-darkroom.ts'
import { photoForm, postForm } from './support/uploads.ts'

const CLI = join(import.meta.dirname, '../src/cli.ts')
const run = promisify(execFile)
const hasCurl = await run('curl', ['--version']).then(
  () => true,
  () => false,
)

/** The one line that a command which can't go on leaves behind, and its exit code. */
function refusal({ code, stdout, stderr }: Ran): { code: number; line: string } {
  const lines = stderr.split('\n').filter((line) => line !== '')
  expect(stdout).toBe('')
  expect(lines).toHaveLength(1)
  return { code, line: lines[0] as string }
}

describe('darkroom start, while it runs,', () => {
  const withCurl = needs('curl', hasCurl, 'apt-get install curl')
  let home: TemporaryHome
  let darkroom: Darkroom

  beforeAll(async () => {
    home = await temporaryHome()
    darkroom = await startDarkroom(home.path, { WORKERS: '3' })
  })
  afterAll(async () => {
    await darkroom[Symbol.asyncDispose]()
    await home[Symbol.asyncDispose]()
  })

  withCurl('has printed a curl line that makes a photo when it is pasted', async () => {
    const line = /^ +(curl .*)$/m.exec(darkroom.printed())?.[1] as string

    const { stdout } = await run('sh', ['-c', line])

    const photo = JSON.parse(stdout) as PhotoReply
    expect(photo.status).toBe('ready')
    const rendition = await fetch(photo.renditions[0]?.url as string)
    expect(rendition.status).toBe(200)
  })

  test('has printed a link above it that opens the console, signed in as an operator', async () => {
    const printed = darkroom.printed()
    const [link = '', code = ''] = /^ +(http:\S+\/console#code=([\w-]{22}))$/m.exec(printed)?.slice(1) ?? []
    const asPage = { origin: darkroom.url, 'content-type': 'application/json' }

    const page = await fetch(link)
    const body = JSON.stringify({ code })
    const session = await fetch(`${darkroom.url}/console/session`, { method: 'POST', headers: asPage, body })

    expect([page.status, session.status]).toEqual([200, 204])
    expect(printed.indexOf(link)).toBeLessThan(printed.indexOf('curl '))
    const [, payload = ''] = (session.headers.get('set-cookie') ?? '').split('.')
    expect(JSON.parse(Buffer.from(payload, 'base64url').toString())).toMatchObject({
      sub: 'me',
      role: 'operator',
    })
  })

  test('gives the database room for as many workers as there are', async () => {
    const options = await readFile(join(home.postgres, 'data/postmaster.opts'), 'utf8')

    expect(options).toContain('max_connections=140')
  })

  test('leaves its data directory to no other, which says so in one line', async () => {
    const second = await runDarkroom(['start'], { DARKROOM_HOME: home.path, PORT: String(await freePort()) })

    expect(refusal(second)).toEqual({ code: 1, line: expect.stringContaining(home.postgres) })
  })
})

describe('darkroom start', () => {
  test('finishes the job that runs at Ctrl-C, leaves no process behind and ends well', async () => {
    await using home = await temporaryHome()
    const first = await startDarkroom(home.path)
    const processes = [
      first.pid,
      ...(await Promise.all((['api', 'worker', 'postgres'] as const).map(first.pids))).flat(),
    ]
    const reply = await postForm(
      first,
      photoForm(await noisyJpeg({ width: 4000, height: 3000 }, 1)),
      {},
      'me',
    )
    const { id } = (await reply.json()) as PhotoReply

    const ended = await first.interrupt()

    expect(ended).toEqual({ code: 0, signal: null })
    expect(processes.length).toBeGreaterThanOrEqual(4)
    expect(processes.filter(isThere)).toEqual([])
    await using second = await startDarkroom(home.path)
    const authorization = `Bearer ${await second.token()}`
    await vi.waitFor(
      async () => {
        const photo = await fetch(`${second.url}/v1/photos/${id}`, { headers: { authorization } })
        expect(((await photo.json()) as PhotoReply).status).toBe('ready')
      },
      { timeout: 90_000, interval: 100 },
    )
  })

  test('takes nothing of what a shell says to other PostgreSQL clients, and ends at SIGHUP as at Ctrl-C', async () => {
    await using home = await temporaryHome()
    const shell = {
      PGSSLMODE: 'require',
      PGSSLNEGOTIATION: 'direct',
      PGOPTIONS: '-c no_such_setting=on',
      PGHOST: 'db.example.com',
      PGPORT: '1',
      PGUSER: 'nobody',
      PGDATABASE: 'no_such_database',
      PGPASSWORD: 'wrong',
      PGCLIENT_ENCODING: 'no_such_encoding',
      PGREPLICATION: 'database',
      PGDATA: '/no/such/folder',
    }

    const darkroom = await startDarkroom(home.path, shell)

    const processes = (await Promise.all((['api', 'worker', 'postgres'] as const).map(darkroom.pids))).flat()
    expect((await fetch(`${darkroom.url}/readyz`)).status).toBe(200)
    expect(await darkroom.interrupt('SIGHUP')).toEqual({ code: 0, signal: null })
    expect(processes.length).toBeGreaterThanOrEqual(3)
    expect(processes.filter(isThere)).toEqual([])
  })

  test('refuses, with one line, a port that is taken', async () => {
    await using home = await temporaryHome()
    const server = createServer()
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as { port: number }

    const ran = await runDarkroom(['start'], { DARKROOM_HOME: home.path, PORT: String(port) })

    server.close()
    expect(refusal(ran)).toEqual({ code: 1, line: expect.stringContaining(String(port)) })
  })

  test('refuses, with one line, a data directory that can not be made', async () => {
    await using home = await temporaryHome()
    await writeFile(join(home.path, 'file'), '')

    const ran = await runDarkroom(['start'], { DARKROOM_HOME: join(home.path, 'file/home') })

    expect(refusal(ran)).toEqual({ code: 1, line: expect.stringContaining('DARKROOM_HOME') })
  })
})

// An ordinary user runs all tests as one, and has no directory that only root may enter.
if (isRoot) {
  test('darkroom start runs as root in a directory that only root may enter', async () => {
    await using home = await temporaryHome(0o700)

    await using darkroom = await startDarkroom(home.path)

    expect((await fetch(`${darkroom.url}/readyz`)).status).toBe(200)
    expect(darkroom.printed()).toContain(`Database  ${await realpath(home.postgres)}\n`)
  })

  const withMounts = needs('the right to mount', await canMount(), 'docker run --cap-add SYS_ADMIN')

  withMounts(
    'darkroom start names the folder that can not be written, and not the home, which can',
    async () => {
      await using home = await temporaryHome(0o700)
      const command = `mount -t tmpfs -o ro tmpfs /var/lib && exec ${process.execPath} ${CLI} start`
      const env = { PATH: process.env.PATH, DARKROOM_HOME: home.path, PORT: String(await freePort()) }

      const ended = run('unshare', ['--mount', 'sh', '-c', command], { env })

      await expect(ended).rejects.toMatchObject({
        code: 1,
        stderr: expect.stringMatching(/^darkroom: .* \/var\/lib\/darkroom, .*can't be written \(EROFS\)/),
      })
      await expect(ended).rejects.toMatchObject({ stderr: expect.not.stringContaining('DARKROOM_HOME') })
    },
  )

  testAsOrdinaryUser('darkroom start runs as an ordinary user', async () => {
    await using home = await temporaryHome()
    const own = join(home.path, 'own')
    await mkdir(own)
    await chown(own, ordinaryUser.uid, ordinaryUser.gid)

    await using darkroom = await startDarkroom(own, {}, ordinaryUser)

    expect((await fetch(`${darkroom.url}/readyz`)).status).toBe(200)
  })
}

async function canMount(): Promise<boolean> {
  return await run('unshare', ['--mount', 'true']).then(
    () => true,
    () => false,
  )
}

function isThere(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}
