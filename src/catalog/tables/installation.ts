import { randomUUID } from 'node:crypto'
import { EngineUnavailableError, SetupError } from '../../errors.ts'
import { databaseName } from '../../postgres/connections.ts'
import type { Database } from '../database/database.ts'
import type { ShardMap } from '../shards/shard-map.ts'

const READ = 'select id::text from installation'

/**
 * Gives all databases the id of their installation: the one that some have, or a new one; and the names of presets that any
 * has. Running it again changes nothing. Throws SetupError when two have different ones: photos would go to a stranger.
 */
export async function shareInstallation(databases: readonly Database[]): Promise<void> {
  const [first, ...others] = databases
  if (!first) return
  const known = await readIds(databases)
  // Of two processes that begin together one is first here, and the other takes its id.
  const id = await give(first, agreed(known) ?? randomUUID())
  for (const database of others) await give(database, id)
  agreed(await readIds(databases))
  await keepPresets(databases, [...(await readPresets(databases))])
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
    const known = await present(this.#shards.databases(), async (database) => await readIds([database]))
    const id = agreed(known.flat())
    if (id) return id
    throw new SetupError('The database has no id of its installation. Run `darkroom migrate`.')
  }

  /** Keeps the names of presets, for as long as the installation is there, in every database that answers. */
  async keepPresets(names: readonly string[]): Promise<void> {
    await present(this.#shards.databases(), async (database) => await keepPresets([database], names))
  }

  /** The names of all presets that there ever were. Throws EngineUnavailableError when no database answers. */
  async presets(): Promise<Set<string>> {
    const found = await present(this.#shards.databases(), async (database) => await readPresets([database]))
    return found.reduce((all, names) => all.union(names), new Set())
  }

  /** Whether none of the databases has a photo. Throws EngineUnavailableError unless all of them answer. */
  async isEmpty(): Promise<boolean> {
    const found = await Promise.all(
      this.#shards.databases().map((database) => database.read('select id from photos order by id limit 1')),
    )
    return found.flat().length === 0
  }
}

/** The answers of the databases that give one. Throws EngineUnavailableError when none does. */
async function present<Answer>(
  databases: readonly Database[],
  ask: (database: Database) => Promise<Answer>,
): Promise<Answer[]> {
  const settled = await Promise.allSettled(databases.map(ask))
  const errors = settled.flatMap((answer) => (answer.status === 'rejected' ? [answer.reason] : []))
  const fault = errors.find((error) => !(error instanceof EngineUnavailableError))
  if (fault) throw fault
  if (errors.length === databases.length) throw errors[0]
  return settled.flatMap((answer) => (answer.status === 'fulfilled' ? [answer.value] : []))
}

async function readPresets(databases: readonly Database[]): Promise<Set<string>> {
  const found = await Promise.all(
    databases.map((database) =>
      database.read<{ name: string }>('select unnest(presets) as name from installation'),
    ),
  )
  return new Set(found.flat().map(({ name }) => name))
}

async function keepPresets(databases: readonly Database[], names: readonly string[]): Promise<void> {
  for (const database of databases) {
    const known = await readPresets([database])
    if (names.every((name) => known.has(name))) continue
    await database.query(
      `update installation set presets = array(select distinct unnest(presets || $1::text[]) order by 1)
       where not presets @> $1`,
      [names],
    )
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

/** Writes nothing where there is one: a database that takes no writes for now is no reason not to start. */
async function give(database: Database, id: string): Promise<string> {
  const [known] = await database.query<{ id: string }>(READ)
  if (known) return known.id
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
