import { randomUUID } from 'node:crypto'
import { EngineUnavailableError, SetupError } from '../errors.ts'
import { databaseName } from '../postgres/connections.ts'
import type { Database } from './database.ts'
import type { ShardMap } from './shard-map.ts'

const READ = 'select id::text from installation'

/**
 * Gives all databases the id of their installation: the one that some have, or a new one. Running it again changes
 * nothing. Throws SetupError when two have different ones: photos would go to a stranger.
 */
export async function shareInstallation(databases: readonly Database[]): Promise<void> {
  const [first, ...others] = databases
  if (!first) return
  const known = await readIds(databases)
  // Of two processes that begin together one is first here, and the other takes its id.
  const id = await give(first, agreed(known) ?? randomUUID())
  for (const database of others) await give(database, id)
  agreed(await readIds(databases))
}

/** Whose photos these are. */
export class Installation {
  readonly #shards: Pick<ShardMap, 'databases'>

  constructor(shards: Pick<ShardMap, 'databases'>) {
    this.#shards = shards
  }

  /**
   * The id of the installation, which every database that answers confirms. Throws SetupError when they differ, and
   * EngineUnavailableError when none answers.
   */
  async id(): Promise<string> {
    const answers = await Promise.allSettled(
      this.#shards.databases().map(async (database) => await readIds([database])),
    )
    const errors = answers.flatMap((answer) => (answer.status === 'rejected' ? [answer.reason] : []))
    const fault = errors.find((error) => !(error instanceof EngineUnavailableError))
    if (fault) throw fault
    const id = agreed(answers.flatMap((answer) => (answer.status === 'fulfilled' ? answer.value : [])))
    if (id) return id
    throw errors[0] ?? new SetupError('The database has no id of its installation. Run `darkroom migrate`.')
  }

  /** Whether none of the databases has a photo. Throws EngineUnavailableError unless all of them answer. */
  async isEmpty(): Promise<boolean> {
    const found = await Promise.all(
      this.#shards.databases().map((database) => database.read('select id from photos order by id limit 1')),
    )
    return found.flat().length === 0
  }
}

type Known = { database: Database; id: string }

async function readIds(databases: readonly Database[]): Promise<Known[]> {
  const known = await Promise.all(
    databases.map(async (database) =>
      (await database.query<{ id: string }>(READ)).map(({ id }) => ({ database, id })),
    ),
  )
  return known.flat()
}

async function give(database: Database, id: string): Promise<string> {
  await database.query('insert into installation (id) values ($1) on conflict do nothing', [id])
  const [row] = await database.query<{ id: string }>(READ)
  return row?.id ?? id
}

function agreed([first, ...others]: readonly Known[]): string | null {
  const stranger = others.find(({ id }) => id !== first?.id)
  if (!first || !stranger) return first?.id ?? null
  throw new SetupError(
    `The databases ${databaseName(first.database.url)} and ${databaseName(stranger.database.url)} belong to ` +
      'two installations of Darkroom. Put their URLs right.',
  )
}
