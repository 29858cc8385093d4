import pg from 'pg'
import type { runScript } from './processes/script.ts'

export async function query(url: string, sql: string): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: url })
  // A server that is killed breaks the connection as well as the query; the query's error is enough.
  client.on('error', () => {})
  await client.connect()
  try {
    return (await client.query(sql)).rows
  } finally {
    await client.end()
  }
}

/** What the script postgres-owner says came of its start. */
export async function outcomeOf(owner: ReturnType<typeof runScript>) {
  return JSON.parse((await owner.nextLine()) ?? '{}') as { url?: string; pid?: number; refused?: string }
}
