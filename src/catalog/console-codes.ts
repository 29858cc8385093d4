import { createHash, randomBytes } from 'node:crypto'
import type { OwnerId } from '../photo/shard.ts'
import { RUNS_HERE, RUNS_SHARD } from './runs/runs.ts'
import type { ShardMap } from './shards/shard-map.ts'

/** Bits that nobody guesses in that time. */
const CODE_BYTES = 16
const LIFE = `interval '5 minutes'`

/** Whom a code lets in, and as what. */
export type Entrant = { owner: OwnerId; isOperator: boolean }

/**
 * Codes that open the console: each is good once and for five minutes, by the database's clock. Only their hashes are kept, beside
 * shard 0. A code that a move of it overtakes is good for nothing: the next one is soon made.
 */
export class ConsoleCodes {
  readonly #shards: Pick<ShardMap, 'of'>

  constructor(shards: Pick<ShardMap, 'of'>) {
    this.#shards = shards
  }

  /** Returns the code: 22 characters of base64url. */
  async make({ owner, isOperator }: Entrant): Promise<string> {
    const code = randomBytes(CODE_BYTES).toString('base64url')
    await this.#shards.of(RUNS_SHARD).query(
      `with expired as (delete from console_codes where expires_at <= now() and ${RUNS_HERE})
       insert into console_codes (hash, owner, is_operator, expires_at)
       select $1, $2, $3, now() + ${LIFE} where ${RUNS_HERE}`,
      [hashOf(code), owner, isOperator],
    )
    return code
  }

  /** Whom the code lets in; null when it was spent, has expired or never was. */
  async spend(code: string): Promise<Entrant | null> {
    const [entrant] = await this.#shards.of(RUNS_SHARD).query<Entrant>(
      `with expired as (delete from console_codes where expires_at <= now() and ${RUNS_HERE})
       delete from console_codes where hash = $1 and expires_at > now() and ${RUNS_HERE}
       returning owner, is_operator as "isOperator"`,
      [hashOf(code)],
    )
    return entrant ?? null
  }
}

function hashOf(code: string): Buffer {
  return createHash('sha256').update(code).digest()
}
