import { expect, test } from 'vitest'
import { loadConfig } from '../src/config/config.ts'
import { SetupError } from '../src/errors.ts'
import { openServices } from '../src/services.ts'
import { openEmptyDatabase, openTestDatabase, type TestDatabase } from './support/database.ts'
import { temporaryHome } from './support/processes/temporary-home.ts'
import { runDarkroom } from './support/run-darkroom.ts'
import { silentLog } from './support/service.ts'

test.for([['serve'], ['work'], ['sweep'], ['doctor']])(
  '`darkroom %s` on a database without tables names the command that makes them',
  async (command) => {
    await using home = await temporaryHome()
    await using database = await openEmptyDatabase()
    const env = { DARKROOM_HOME: home.path, DATABASE_URL: database.url, WORKERS: '1' }

    const { code, stdout, stderr } = await runDarkroom(command, env)

    expect(code).toBe(1)
    expect(stdout + stderr).toMatch(/has no tables yet\. Run `darkroom migrate`\.$/m)
    expect(stderr).not.toMatch(/^ +at /m)
  },
)

test('`darkroom migrate` makes all that servers and workers want', async () => {
  await using home = await temporaryHome()
  await using database = await openEmptyDatabase()
  const env = { DARKROOM_HOME: home.path, DATABASE_URL: database.url }

  const first = await runDarkroom(['migrate'], env)
  const second = await runDarkroom(['migrate'], env)

  expect(first).toMatchObject({ code: 0, stdout: expect.stringContaining('Applied 001.do.photos.sql') })
  expect(second).toMatchObject({ code: 0, stdout: expect.stringContaining('Everything is up to date.') })
  await using _services = await open(database)
})

test('the tables of an earlier Darkroom are refused, as photos would fail for what they lack', async () => {
  await using database = await openTestDatabase()
  await database.query(
    'delete from darkroom_migrations where version = (select max(version) from darkroom_migrations)',
  )

  await expect(open(database)).rejects.toThrow(/the tables of an earlier Darkroom. Run `darkroom migrate`/)
})

test('the tables of a later Darkroom are taken, so that servers can be replaced one by one', async () => {
  await using database = await openTestDatabase()
  await database.query("insert into darkroom_migrations (version, name) values (999, 'later')")

  await using _services = await open(database)
})

test('a queue in a database of its own wants tables too', async () => {
  await using database = await openTestDatabase()
  await using ofQueue = await openEmptyDatabase()

  const refused = open(database, { QUEUE_URL: ofQueue.url })

  await expect(refused).rejects.toThrow(SetupError)
  await expect(refused).rejects.toThrow('The database of the queue has no tables. Run `darkroom migrate`.')
})

test('a database that refuses us or is not there is a mistake to be put right, not one to wait for', async () => {
  await using database = await openTestDatabase()
  const [stranger, elsewhere] = [new URL(database.url), new URL(database.url)]
  stranger.username = 'nobody'
  elsewhere.pathname = '/nowhere'

  await expect(open({ url: stranger.href })).rejects.toThrow(
    /can't be used: .*nobody.*\. Mend that there, or put its URL right\.$/,
  )
  await expect(open({ url: elsewhere.href })).rejects.toThrow(SetupError)
  await expect(open(database, { QUEUE_URL: elsewhere.href })).rejects.toThrow(
    `The database ${elsewhere.host}/nowhere can't be used: database "nowhere" does not exist.`,
  )
})

test.for([
  ['whose role may create nothing', 'permission denied for schema public', 'Grant its role that right'],
  ['that another program uses', 'relation "photos" already exists', 'give Darkroom a database of its own'],
  ['of a later Darkroom', 'has the tables of a later Darkroom: migration 999', 'Start that one'],
  ['without TLS', 'The server does not support SSL connections', 'sslmode=disable'],
  ['whose queue is of a later Darkroom', 'queue has the tables of a later Darkroom', 'Start that one'],
] as const)('a database %s is refused by `migrate` in one line', async ([kind, reason, advice]) => {
  await using home = await temporaryHome()
  await using database = await openDatabaseOf(kind)

  const { code, stderr } = await runDarkroom(['migrate'], {
    DARKROOM_HOME: home.path,
    DATABASE_URL: database.url,
  })

  expect(stderr.trim().split('\n')).toHaveLength(1)
  expect(stderr).toContain(reason)
  expect(stderr).toContain(advice)
  expect(code).toBe(1)
})

test.for([['serve'], ['start']])(
  '`darkroom %s` on a database without TLS says in one line that it has none',
  async ([command]) => {
    await using home = await temporaryHome()
    await using database = await openDatabaseOf('without TLS')
    const env = { DARKROOM_HOME: home.path, DATABASE_URL: database.url, WORKERS: '1' }

    const { code, stderr } = await runDarkroom([command as string], env)

    expect(stderr.trim().split('\n')).toHaveLength(1)
    expect(stderr).toContain('The server does not support SSL connections')
    expect(code).toBe(1)
  },
)

async function openDatabaseOf(kind: string): Promise<TestDatabase> {
  const database = await (/later/.test(kind) ? openTestDatabase() : openEmptyDatabase())
  const url = new URL(database.url)
  if (kind === 'whose role may create nothing') {
    const role = `poor_${url.pathname.slice(-20)}`
    await database.query(`create role ${role} login password 'poor'`)
    Object.assign(url, { username: role, password: 'poor' })
    const drop = async () => {
      await database.query(`drop role ${role}`)
      await database[Symbol.asyncDispose]()
    }
    return { ...database, url: url.href, [Symbol.asyncDispose]: drop }
  }
  if (kind === 'that another program uses') await database.query('create table photos (path text)')
  if (kind === 'of a later Darkroom') {
    await database.query("insert into darkroom_migrations (version, name) values (999, 'later')")
  }
  if (kind === 'whose queue is of a later Darkroom') {
    await database.query('update bullmq.migration set min_client_version = 99')
  }
  if (kind === 'without TLS') url.searchParams.set('sslmode', 'prefer')
  return { ...database, url: url.href }
}

async function open(database: Pick<TestDatabase, 'url'>, env: Record<string, string> = {}) {
  await using moved = new AsyncDisposableStack()
  const home = moved.use(await temporaryHome())
  const config = loadConfig({ DARKROOM_HOME: home.path, DATABASE_URL: database.url, ...env })
  moved.use(await openServices(config, silentLog))
  return moved.move()
}
