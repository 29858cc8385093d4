import { randomUUID } from 'node:crypto'
import pg from 'pg'
import { inject } from 'vitest'
import { TABLES, TEMPLATE } from './template-database.ts'

/** A migrated database of the test's own, on the real server all tests share. Dropped when disposed. */
export type TestDatabase = AsyncDisposable & {
  url: string
  query(statement: string): Promise<unknown>
}

export async function openTestDatabase(): Promise<TestDatabase> {
  return await openDatabase(TEMPLATE)
}

async function openDatabase(template: string): Promise<TestDatabase> {
  const name = `test_${randomUUID().replaceAll('-', '')}`
  await runOnServer(`create database ${name} template ${template} strategy file_copy`)
  const url = new URL(inject('databaseUrl'))
  url.pathname = name
  // A connection is kept for who asks again and again until something is there. None is, soon after.
  const pool = new pg.Pool({ connectionString: url.href, idleTimeoutMillis: 300, allowExitOnIdle: true })
  // Tests end the sessions of all.
  pool.on('error', () => {})
  return {
    url: url.href,
    query: async (statement) => (await pool.query(statement)).rows,
    [Symbol.asyncDispose]: async () => {
      await pool.end()
      await runOnServer(`drop database ${name} with (force)`)
    },
  }
}

/** One that has all tables and no shards yet: to be given some, or to have them moved to it. */
export async function openDatabaseWithoutShards(): Promise<TestDatabase> {
  return await openDatabase(TABLES)
}

/** A database of the test's own without tables. */
export async function openEmptyDatabase(): Promise<TestDatabase> {
  return await openDatabase('template1')
}

/** Only one copy of the template can be made at a time: PostgreSQL refuses while another connection copies it. */
async function runOnServer(statement: string): Promise<void> {
  const lock = 'select pg_advisory_lock(1)'
  await run(inject('databaseUrl'), lock, statement)
}

async function run(url: string, ...statements: string[]): Promise<unknown> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    let rows: unknown
    for (const statement of statements) rows = (await client.query(statement)).rows
    return rows
  } finally {
    await client.end()
  }
}
