import { describe, expect, test } from 'vitest'
import { migrateCatalog } from '../src/catalog/tables/migrate.ts'
import { loadConfig } from '../src/config/config.ts'
import { allShardsAt } from '../src/config/shard-ranges.ts'
import { SetupError } from '../src/errors.ts'
import { KEEPER_KEY, originalKey } from '../src/photo/object-keys.ts'
import type { PhotoId } from '../src/photo/photo-id.ts'
import { openServices } from '../src/services.ts'
import { sweepRenditions } from '../src/sweep/earlier-renditions.ts'
import { sweepObjects } from '../src/sweep/sweep-objects.ts'
import { openDatabaseWithoutShards } from './support/database.ts'
import { runDarkroom } from './support/run-darkroom.ts'
import { silentLog, startService, type TestService } from './support/service.ts'

const ORIGINAL = originalKey('764879989359635463' as PhotoId, 'jpeg')
const inDays = (days: number) => new Date(Date.now() + days * 24 * 3_600_000)
const put = async ({ store }: TestService, key: string, text: string) =>
  await store.put(key, Buffer.from(text), { contentType: 'image/jpeg' })

/** As a process does that starts with this store and that database. */
async function openWith({ config }: TestService, databaseUrl: string): Promise<void> {
  const env = { DARKROOM_HOME: config.home, DATABASE_URL: databaseUrl }
  await using _services = await openServices(loadConfig(env), silentLog)
}

const reasonOf = async (attempt: Promise<unknown>) =>
  await attempt.then(
    () => null,
    (error: Error) => error,
  )

describe('a store and a catalog that begin together', () => {
  test('know each other by the id of their installation', async () => {
    await using service = await startService()

    const id = await service.catalog.installation.id()

    expect(JSON.parse(String(await service.store.read(KEEPER_KEY)))).toEqual({ installation: id })
    await openWith(service, service.database.url)
  })
})

describe('a process does not start, and says what to do,', () => {
  test('with the database of another installation, until the operator says that it shall keep the objects', async () => {
    await using service = await startService()
    await put(service, ORIGINAL, 'pixels')
    await using other = await openDatabaseWithoutShards()
    await migrateCatalog(allShardsAt(other.url))

    const refused = await reasonOf(openWith(service, other.url))

    expect(refused).toBeInstanceOf(SetupError)
    expect(refused?.message).toContain('belong to another installation of Darkroom')
    expect(refused?.message).not.toContain('\n')
    const [, file = ''] = /put (\{.*\}) as darkroom\.json/.exec(refused?.message ?? '') ?? []
    await put(service, KEEPER_KEY, file)
    expect(await reasonOf(openWith(service, other.url))).toBeNull()
    expect(await reasonOf(openWith(service, service.database.url))).toBeInstanceOf(SetupError)
  })

  test('with objects that do not say whose they are', async () => {
    await using service = await startService()
    await put(service, ORIGINAL, 'pixels')
    for (const file of [null, '', 'null', '{}', '{"installation":7}', '<xml>']) {
      if (file === null) await service.store.delete([KEEPER_KEY])
      else await put(service, KEEPER_KEY, file)

      expect(await reasonOf(openWith(service, service.database.url)), String(file)).toBeInstanceOf(SetupError)
    }
  })

  test('with an empty store and a catalog that has photos: its objects are elsewhere', async () => {
    await using service = await startService()
    await service.database.query(
      `insert into photos (id, owner, visibility, format, bytes, sha256, posted_at)
       values (764879989359635463, 'alice', 'public', 'jpeg', 1, '', 1)`,
    )
    await service.store.delete([KEEPER_KEY])

    expect(await reasonOf(openWith(service, service.database.url))).toBeInstanceOf(SetupError)
    expect(await Array.fromAsync(service.store.list(''))).toEqual([])
  })

  test('with databases of two installations', async () => {
    await using service = await startService()
    await using other = await openDatabaseWithoutShards()
    await migrateCatalog(allShardsAt(other.url))
    const ranges = [
      { from: 0, to: 4095, url: service.database.url },
      { from: 4096, to: 8191, url: other.url },
    ]

    const refused = await reasonOf(migrateCatalog(ranges))

    expect(refused).toBeInstanceOf(SetupError)
    expect(refused?.message).toContain('belong to two installations')
  })
})

describe('nothing is deleted', () => {
  test('from a store that has another keeper by now', async () => {
    await using service = await startService()
    await put(service, ORIGINAL, 'pixels')
    await put(service, KEEPER_KEY, '{"installation":"0b5f8c1e-7f57-4c0f-9b1c-5d1c5a8f2c11"}')
    const before = await Array.fromAsync(service.store.list(''))
    const options = { quarantineDays: 7, now: inDays(2) }

    expect(await reasonOf(sweepObjects(service, options, silentLog))).toBeInstanceOf(SetupError)
    expect(await reasonOf(sweepRenditions(service, silentLog, inDays(2)))).toBeInstanceOf(SetupError)
    expect(await Array.fromAsync(service.store.list(''))).toEqual(before)
  })

  test('by `darkroom sweep` with a wrong DATABASE_URL, which says so in one line', async () => {
    await using service = await startService()
    await put(service, ORIGINAL, 'pixels')
    await using other = await openDatabaseWithoutShards()
    await migrateCatalog(allShardsAt(other.url))

    const { code, stderr } = await runDarkroom(['sweep'], {
      DARKROOM_HOME: service.config.home,
      DATABASE_URL: other.url,
    })

    expect(code).toBe(1)
    expect(stderr.trim().split('\n')).toEqual([expect.stringContaining('another installation of Darkroom')])
    expect(await service.store.head(ORIGINAL)).not.toBeNull()
  })
})
