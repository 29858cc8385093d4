import { execFile } from 'node:child_process'
import { chmod, chown, cp, lstat, mkdir, readdir, realpath, rm, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, test } from 'vitest'
import { copyForEveryone, installedBinaries } from '../src/embedded-postgres/binaries.ts'
import { startEmbeddedPostgres } from '../src/embedded-postgres/embedded-postgres.ts'
import { inspectPlaces } from '../src/embedded-postgres/inspect-places.ts'
import { lockFolder } from '../src/embedded-postgres/lock.ts'
import { outcomeOf, query } from './support/embedded-postgres.ts'
import { isRoot, ordinaryUser, testAsOrdinaryUser } from './support/ordinary-user.ts'
import { recordingLog } from './support/processes/recording-log.ts'
import { runScript } from './support/processes/script.ts'
import { temporaryHome } from './support/processes/temporary-home.ts'

const { log } = recordingLog()
const run = promisify(execFile)

describe('the account of an embedded PostgreSQL', () => {
  test('nobody else can read the data or the password', async () => {
    await using home = await temporaryHome()
    await using _ = await startEmbeddedPostgres({ directory: home.postgres, log })

    const { mode } = await lstat(home.postgres)

    expect(mode & 0o007).toBe(0)
    for (const name of ['data', 'password']) {
      expect((await lstat(join(home.postgres, name))).mode & 0o077).toBe(0)
    }
  })
})

// An ordinary user runs all tests as one.
if (isRoot) {
  describe('an embedded PostgreSQL that root starts', () => {
    test('a home that others cannot enter has its database elsewhere', async () => {
      await using home = await temporaryHome(0o700)

      await using postgres = await startEmbeddedPostgres({ directory: home.postgres, log })

      expect(await query(postgres.url, 'select 1 as one')).toEqual([{ one: 1 }])
      expect((await lstat(home.postgres)).isSymbolicLink()).toBe(true)
      expect(await realpath(home.postgres)).toMatch(/^\/var\/lib\/darkroom\/postgres-\w{6}$/)
      expect((await lstat(await realpath(home.postgres))).mode & 0o007).toBe(0)
    })

    test('a home that was deleted does not hand its database to the next', async () => {
      await using home = await temporaryHome(0o700)
      const postgres = await startEmbeddedPostgres({ directory: home.postgres, log })
      await query(postgres.url, 'create table secret as select 42 as answer')
      await postgres[Symbol.asyncDispose]()
      const old = await realpath(home.postgres)
      await rm(home.postgres)

      await using next = await startEmbeddedPostgres({ directory: home.postgres, log })

      await expect(query(next.url, 'select answer from secret')).rejects.toThrow('does not exist')
      await rm(old, { recursive: true })
    })

    test('a database whose home is gone is laid aside by the doctor, and deleted a week later', async () => {
      await using home = await temporaryHome()
      await using other = await temporaryHome()
      const folder = other.path
      const place = join(folder, 'postgres-abc123')
      await mkdir(place)
      await symlink(place, home.postgres)
      await (await startEmbeddedPostgres({ directory: home.postgres, log }))[Symbol.asyncDispose]()
      const examine = async (days: number, fix: boolean) => {
        const now = new Date(Date.now() + days * 24 * 3_600_000)
        return await Array.fromAsync(inspectPlaces(other.postgres, { fix, folder, now }))
      }

      const withHome = await examine(0, true)
      await rm(home.postgres)
      const listed = await examine(0, false)
      const removed = await examine(0, true)
      const kept = await examine(6, true)
      await symlink(place, home.postgres)
      const start = startEmbeddedPostgres({ directory: home.postgres, log })

      await expect(start).rejects.toThrow(new RegExp(`mv ${folder}/removed/\\S+ ${place}$`))
      expect(withHome).toEqual([])
      expect(listed).toMatchObject([{ isWell: false, detail: expect.stringContaining(home.path) }])
      expect(removed[0]).toMatchObject({ isWell: true, detail: expect.stringContaining('Laid aside as') })
      expect(kept).toMatchObject([{ isWell: true, detail: expect.stringContaining('is deleted by') }])
      expect(await readdir(join(folder, 'removed'))).toHaveLength(1)
      expect(await examine(8, true)).toMatchObject([{ detail: expect.stringMatching(/was deleted\.$/) }])
      expect(await readdir(join(folder, 'removed'))).toEqual([])
    })

    test('a database without a home that somebody uses, or that is none of ours, is left where it is', async () => {
      await using other = await temporaryHome()
      const folder = other.path
      for (const name of ['postgres-in_use', 'postgres-diary'])
        await mkdir(join(folder, name, 'data'), { recursive: true })
      await writeFile(join(folder, 'postgres-diary', 'diary.txt'), 'Dear diary')
      using _lock = lockFolder(join(folder, 'postgres-in_use'), 'it')

      const findings = await Array.fromAsync(inspectPlaces(other.postgres, { fix: true, folder }))

      expect(findings).toMatchObject([
        { isWell: false, detail: expect.stringContaining('no database of Darkroom') },
        { isWell: false, detail: expect.stringContaining('Darkroom already runs on') },
      ])
      expect((await readdir(folder)).sort()).toEqual(['postgres-diary', 'postgres-in_use'])
    })

    testAsOrdinaryUser('an ordinary user runs it in a folder of their own', async () => {
      await using home = await temporaryHome(0o700)
      await chown(home.path, ordinaryUser.uid, ordinaryUser.gid)

      await using owner = runScript('postgres-owner', [home.postgres], ordinaryUser)
      const { url } = await outcomeOf(owner)

      expect(await query(String(url), 'select 1 as one')).toEqual([{ one: 1 }])
      owner.child.kill('SIGTERM')
      expect(await owner.ended).toEqual({ code: 0, signal: null })
    })

    testAsOrdinaryUser("somebody else's database is refused", async () => {
      await using home = await temporaryHome()
      await (await startEmbeddedPostgres({ directory: home.postgres, log }))[Symbol.asyncDispose]()

      await using owner = runScript('postgres-owner', [home.postgres], ordinaryUser)

      expect((await outcomeOf(owner)).refused).toMatch(/belongs to another account \(uid 0\)/)
    })

    test('the programs can be run by another account from a copy of what it may not enter', async () => {
      await using home = await temporaryHome()
      const { folder } = await installedBinaries()
      const closed = join(home.path, 'closed')
      await cp(folder, closed, { recursive: true, verbatimSymlinks: true })
      await chmod(closed, 0o700)
      await chmod(join(closed, 'lib', 'libpq.so.5'), 0o600)

      await copyForEveryone(closed, join(home.path, 'open'))

      const initdb = join(home.path, 'open', 'bin', 'initdb')
      const { stdout } = await run(initdb, ['--version'], { ...ordinaryUser, cwd: '/' })
      expect(stdout).toMatch(/^initdb \(PostgreSQL\) 18/)
      expect(await readdir(home.path)).toEqual(['closed', 'open'])
    })
  })
}
