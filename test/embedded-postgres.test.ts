import { execFile, spawn } from 'node:child_process'
import { mkdir, readdir, readFile, realpath, rename, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import pg from 'pg'
import { describe, expect, test, vi } from 'vitest'
import { embeddedPostgresUrl, startEmbeddedPostgres } from '../src/embedded-postgres/embedded-postgres.ts'
import { SetupError } from '../src/errors.ts'
import { outcomeOf, query } from './support/embedded-postgres.ts'
import { isRoot, ordinaryUser } from './support/ordinary-user.ts'
import { recordingLog } from './support/processes/recording-log.ts'
import { isAlive, runScript } from './support/processes/script.ts'
import { temporaryHome } from './support/processes/temporary-home.ts'

const { log } = recordingLog()
const run = promisify(execFile)
const patience = { timeout: 60_000, interval: 20 }

describe('an embedded PostgreSQL', () => {
  test('speaks UTF-8, keeps what it commits and listens on this machine only', async () => {
    await using home = await temporaryHome()
    await using postgres = await startEmbeddedPostgres({ directory: home.postgres, log })

    const [settings] = await query(
      postgres.url,
      `select current_setting('server_encoding') as encoding, current_setting('fsync') as fsync,
        current_setting('synchronous_commit') as commit, current_setting('listen_addresses') as address,
        current_setting('unix_socket_directories') as sockets, upper('ä') as upper`,
    )

    expect(settings).toEqual({
      encoding: 'UTF8',
      fsync: 'on',
      commit: 'on',
      address: '127.0.0.1',
      sockets: '',
      upper: 'Ä',
    })
  })

  test('asks for the password', async () => {
    await using home = await temporaryHome()
    await using postgres = await startEmbeddedPostgres({ directory: home.postgres, log })
    const url = new URL(postgres.url)
    url.password = 'guess'

    await expect(query(url.href, 'select 1')).rejects.toThrow('password authentication failed')
  })

  test('has the same data at the next start', async () => {
    await using home = await temporaryHome()
    {
      await using before = await startEmbeddedPostgres({ directory: home.postgres, log })
      await query(before.url, 'create table kept as select 42 as answer')
    }

    await using after = await startEmbeddedPostgres({ directory: home.postgres, log })

    expect(await query(after.url, 'select answer from kept')).toEqual([{ answer: 42 }])
  })

  test('is gone when it was disposed', async () => {
    await using home = await temporaryHome()
    const postgres = await startEmbeddedPostgres({ directory: home.postgres, log })
    const pid = Number(postgres.pid)

    await postgres[Symbol.asyncDispose]()

    expect(isAlive(pid)).toBe(false)
    await expect(query(postgres.url, 'select 1')).rejects.toThrow('ECONNREFUSED')
  })

  test('is started again under the same url when it was killed', async () => {
    await using home = await temporaryHome()
    await using postgres = await startEmbeddedPostgres({ directory: home.postgres, log })
    await query(postgres.url, 'create table kept as select 42 as answer')
    const pid = Number(postgres.pid)

    process.kill(pid, 'SIGKILL')

    const rows = await vi.waitFor(() => query(postgres.url, 'select answer from kept'), patience)
    expect(rows).toEqual([{ answer: 42 }])
    expect(postgres.pid).not.toBe(pid)
  })

  test('is found by other commands while it runs', async () => {
    await using home = await temporaryHome()
    const postgres = await startEmbeddedPostgres({ directory: home.postgres, log })

    const url = await embeddedPostgresUrl(home.postgres)
    await postgres[Symbol.asyncDispose]()

    expect(url).toBe(postgres.url)
    await expect(embeddedPostgresUrl(home.postgres)).rejects.toThrow(SetupError)
  })

  test('can be stopped while somebody is connected', async () => {
    await using home = await temporaryHome()
    const postgres = await startEmbeddedPostgres({ directory: home.postgres, log })
    const client = new pg.Client({ connectionString: postgres.url })
    client.on('error', () => {})
    await client.connect()
    const slow = client.query('select pg_sleep(3600)').catch((error: Error) => error.message)

    await postgres[Symbol.asyncDispose]()

    expect(await slow).toMatch(/terminat/)
  })
})

describe('a folder has one owner', () => {
  test('a second start is refused with the process of the first', async () => {
    await using home = await temporaryHome()
    await using first = runScript('postgres-owner', [home.postgres])
    await outcomeOf(first)

    const second = startEmbeddedPostgres({ directory: home.postgres, log })

    await expect(second).rejects.toThrow(
      new SetupError(
        `Darkroom already runs on ${home.postgres} (process ${first.child.pid}). Stop it, or choose another with DARKROOM_HOME.`,
      ),
    )
  })

  test('of three starts at the same moment one wins', async () => {
    await using home = await temporaryHome()
    await using one = runScript('postgres-owner', [home.postgres])
    await using two = runScript('postgres-owner', [home.postgres])
    await using three = runScript('postgres-owner', [home.postgres])

    const outcomes = await Promise.all([one, two, three].map(outcomeOf))

    expect(outcomes.filter(({ url }) => url)).toHaveLength(1)
    expect(outcomes.filter(({ refused }) => refused?.includes('already runs on'))).toHaveLength(2)
  })

  test('a server whose owner was killed is stopped and its data served again', async () => {
    await using home = await temporaryHome()
    await using owner = runScript('postgres-owner', [home.postgres])
    const orphan = await outcomeOf(owner)
    await query(String(orphan.url), 'create table kept as select 42 as answer')
    owner.child.kill('SIGKILL')
    await owner.ended
    expect(isAlive(Number(orphan.pid))).toBe(true)

    await using postgres = await startEmbeddedPostgres({ directory: home.postgres, log })

    expect(await query(postgres.url, 'select answer from kept')).toEqual([{ answer: 42 }])
    await vi.waitFor(() => expect(isAlive(Number(orphan.pid))).toBe(false), patience)
  })

  test('a query that outlives its killed server only delays the next start', async () => {
    await using home = await temporaryHome()
    await using owner = runScript('postgres-owner', [home.postgres])
    const orphan = await outcomeOf(owner)
    const sql = 'select count(*) from generate_series(1, 3000000) n where n % 7 = length(md5(n::text))'
    const slow = query(String(orphan.url), sql).catch((error: Error) => error)
    await vi.waitFor(async () => {
      const queries =
        "select 1 from pg_stat_activity where state = 'active' and query like '%md5%' and pid <> pg_backend_pid()"
      expect(await query(String(orphan.url), queries)).toHaveLength(1)
    }, patience)
    owner.child.kill('SIGKILL')
    process.kill(Number(orphan.pid), 'SIGKILL')
    await owner.ended

    await using postgres = await startEmbeddedPostgres({ directory: home.postgres, log })

    expect(await query(postgres.url, 'select 1 as one')).toEqual([{ one: 1 }])
    await slow
  })

  test('an owner that was killed while it made the cluster leaves nothing that hinders the next', async () => {
    await using home = await temporaryHome()
    await using owner = runScript('postgres-owner', [home.postgres])
    await vi.waitFor(async () => {
      expect((await readdir(home.postgres)).some((name) => name.startsWith('data.new'))).toBe(true)
    }, patience)
    owner.child.kill('SIGKILL')
    await owner.ended

    await using postgres = await startEmbeddedPostgres({ directory: home.postgres, log })

    expect(await query(postgres.url, 'select 1 as one')).toEqual([{ one: 1 }])
  })

  test('a stale pid that another program has now neither hinders a start nor harms the program', async () => {
    await using home = await temporaryHome()
    {
      await using owner = runScript('postgres-owner', [home.postgres])
      const orphan = await outcomeOf(owner)
      owner.child.kill('SIGKILL')
      process.kill(Number(orphan.pid), 'SIGKILL')
      await vi.waitFor(() => expect(isAlive(Number(orphan.pid))).toBe(false), patience)
    }
    const program = spawn('sleep', ['3600'], isRoot ? { ...ordinaryUser, cwd: '/' } : {})
    await using _ = { [Symbol.asyncDispose]: async () => void program.kill() }
    const pidFile = join(home.postgres, 'data', 'postmaster.pid')
    const lines = await readFile(pidFile, 'utf8')
    await writeFile(pidFile, lines.replace(/^\d+/, String(program.pid)))

    await using postgres = await startEmbeddedPostgres({ directory: home.postgres, log })

    expect(await query(postgres.url, 'select 1 as one')).toEqual([{ one: 1 }])
    expect(program.exitCode ?? program.signalCode).toBeNull()
  })

  test('a folder with something else in it is left alone', async () => {
    await using home = await temporaryHome()
    await mkdir(home.postgres)
    await writeFile(join(home.postgres, 'diary.txt'), 'Dear diary')

    const start = startEmbeddedPostgres({ directory: home.postgres, log })

    await expect(start).rejects.toThrow(/holds something else/)
    expect(await readdir(home.postgres)).toEqual(['diary.txt'])
  })

  describe('outside of its home', () => {
    test('refuses a copy of the home, whose link leads to it too, and says how to copy all', async () => {
      await using home = await linkedHome()
      await using copy = await temporaryHome()
      await (await startEmbeddedPostgres({ directory: home.postgres, log }))[Symbol.asyncDispose]()
      await symlink(home.place, copy.postgres)

      const start = startEmbeddedPostgres({ directory: copy.postgres, log })
      const refusal = await start.catch((error: Error) => error.message)
      expect(refusal).toContain(`${copy.path} is a copy of ${home.path}`)
      await expect(embeddedPostgresUrl(copy.postgres)).rejects.toThrow(
        `${copy.path} is a copy of ${home.path}`,
      )
      await run('sh', ['-c', /^ {2}(.*)$/m.exec(String(refusal))?.[1] ?? ''])
      await using copied = await startEmbeddedPostgres({ directory: copy.postgres, log })
      await using first = await startEmbeddedPostgres({ directory: home.postgres, log })
      expect(await query(copied.url, 'select 1 as one')).toEqual(await query(first.url, 'select 1 as one'))
    })

    test('refuses a home that was moved until somebody says that it was', async () => {
      await using home = await linkedHome()
      await using moved = await temporaryHome()
      await (await startEmbeddedPostgres({ directory: home.postgres, log }))[Symbol.asyncDispose]()
      await rename(home.postgres, moved.postgres)

      const start = startEmbeddedPostgres({ directory: moved.postgres, log })

      const refusal = await start.catch((error: Error) => error.message)
      expect(refusal).toContain(`belongs to ${home.path}, and not to ${moved.path}`)
      await run('sh', ['-c', /^ {2}(.*)$/m.exec(String(refusal))?.[1] ?? ''])
      await using found = await startEmbeddedPostgres({ directory: moved.postgres, log })
      expect(found.path).toBe(home.place)
    })
  })

  test('takes as many connections as it is told to', async () => {
    await using home = await temporaryHome()
    await using postgres = await startEmbeddedPostgres({ directory: home.postgres, connections: 2640, log })

    expect(await query(postgres.url, 'show max_connections')).toEqual([{ max_connections: '2640' }])
  })

  test('a database that has gone away is not replaced by an empty one', async () => {
    await using home = await temporaryHome()
    await symlink(join(home.path, 'unmounted'), home.postgres)

    const start = startEmbeddedPostgres({ directory: home.postgres, log })

    await expect(start).rejects.toThrow(/is a link to a database that is not there/)
  })
})

/** A home whose `postgres` is a link to a folder elsewhere, as an operator or a start of root's makes it. */
async function linkedHome() {
  const [home, elsewhere] = [await temporaryHome(), await temporaryHome()]
  const place = join(await realpath(elsewhere.path), 'postgres-abc123')
  await mkdir(place)
  await symlink(place, home.postgres)
  return {
    ...home,
    place,
    async [Symbol.asyncDispose]() {
      await home[Symbol.asyncDispose]()
      await elsewhere[Symbol.asyncDispose]()
    },
  }
}
