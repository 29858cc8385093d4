import type { Database, Queries, Reads } from '../database/database.ts'

/** What sends statements to the databases that have shards, and to their replicas. */
export type ShardQueries = Queries & {
  /**
   * As `read`, for what costs a database more than to say how far it is: a replica of it answers, if one is in use. The answer
   * has all that was committed before it was asked for.
   */
  readAtReplica: Reads['read']
}

/** Asks each database whose answer is wanted, with the parameters that come first. */
export type Ask = <Row>(
  answer: (database: Database, first: readonly unknown[]) => Promise<Row[]>,
) => Promise<Row[]>

/** Statements of who asks in that way. `readsOf` is what reads from the replicas of a database; they may be asked otherwise. */
export function queriesBy(
  ask: Ask,
  readsOf: (database: Database) => Reads,
  askReplicas: Ask = ask,
): ShardQueries {
  return {
    query: async (statement, values = []) =>
      await ask((database, first) => database.query(statement, [...first, ...values])),
    read: async (statement, values = []) =>
      await ask((database, first) => database.read(statement, [...first, ...values])),
    readAtReplica: async (statement, values = []) =>
      await askReplicas((database, first) => readsOf(database).read(statement, [...first, ...values])),
  }
}
