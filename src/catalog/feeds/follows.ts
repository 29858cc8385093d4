import { EngineUnavailableError, TooManyFollowedError } from '../../errors.ts'
import type { PhotoId } from '../../photo/photo-id.ts'
import { type OwnerId, shardOfOwner } from '../../photo/shard.ts'
import type { Changes } from '../changes/changes.ts'
import { tellAgain } from '../changes/tell-again.ts'
import type { ShardMap } from '../shards/shard-map.ts'
import { Remembered } from './remembered.ts'

/** So many owners one viewer may follow. */
export const MOST_FOLLOWED = 5_000

/** Of all viewers whose followings are remembered. About 20 MB of names. */
const MOST_NAMES = 300_000

/** So many changes are told at once. Of as many shards a statement holds the locks, of which a server has thousands in all. */
const PAGE = 100

/** Whom a viewer follows, in the order in which they came to. `version` is another after each change, never one of before. */
export type Following = { owners: OwnerId[]; version: string }

/** A viewer who follows an owner from then on, or no more; `number` goes up with each change of the viewer's. */
type Change = { id: PhotoId; viewer: OwnerId; owner: OwnerId; number: string; isFollowed: boolean }

const CHANGE = 'id::text, viewer, owner, number::text, is_followed as "isFollowed"'

/** Where the search for changes goes on, as they are read. */
export type ChangeCursor = Pick<Change, 'number' | 'viewer' | 'owner'>

/**
 * Who follows whom. A viewer's row says it: whom they follow is read from there. It lies with the viewer's shard, and that
 * of their followers with each owner's; what changes is noted in the first statement, told there by the next, and forgotten
 * by a third. Who dies in between leaves a note, from which anybody tells it again: a later change is never undone by that.
 */
export class Follows {
  readonly #shards: ShardMap
  readonly #remembered = new Remembered<Following>({
    most: MOST_NAMES,
    sizeOf: ({ owners }) => owners.length,
    read: async (viewers) => {
      const read = async (viewer: OwnerId) => [viewer, await this.of(viewer)] as const
      return new Map(await Promise.all(viewers.map(read)))
    },
  })

  constructor(shards: ShardMap, changes: Changes | null = null) {
    this.#shards = shards
    changes?.remind(this.#remembered)
  }

  /** The same as it is remembered: only while changes are known. */
  async remembered(viewer: OwnerId): Promise<Following> {
    return (await this.#remembered.of([viewer]))[0] as Following
  }

  /** What part of the followings that were asked for since the last call was remembered; null when none were asked for. */
  takeRate(): number | null {
    return this.#remembered.takeRate()
  }

  /** Whom the viewer follows. */
  async of(viewer: OwnerId): Promise<Following> {
    const shard = shardOfOwner(viewer)
    // As a text: to read an array takes ten times as long, and no name has a blank.
    const rows = await this.#shards.of(shard).read<{ owners: string; version: string }>(
      `select array_to_string(owners, ' ') as owners, version::text from following
       where viewer = $2 and shard_is_here($1)`,
      [shard, viewer],
    )
    const { owners = '', version = '0' } = rows[0] ?? {}
    return { owners: owners === '' ? [] : (owners.split(' ') as OwnerId[]), version }
  }

  /** The viewer follows these, up to MOST_FOLLOWED and each once, and no others. */
  async set(viewer: OwnerId, owners: readonly OwnerId[]): Promise<void> {
    const isChanged = await this.#write(
      viewer,
      owners,
      `owners = excluded.owners, version = next_version(f.version) where f.owners <> excluded.owners`,
    )
    if (!isChanged) await tellAgain(this.#shards, viewer)
  }

  /** The viewer follows the owner, too. Throws TooManyFollowedError. */
  async add(viewer: OwnerId, owner: OwnerId): Promise<void> {
    for (;;) {
      const isAdded = await this.#write(
        viewer,
        [owner],
        `owners = f.owners || excluded.owners, version = next_version(f.version)
         where not f.owners @> excluded.owners and cardinality(f.owners) < ${MOST_FOLLOWED}`,
      )
      if (isAdded) return
      const { owners } = await this.of(viewer)
      if (owners.includes(owner)) return await tellAgain(this.#shards, viewer)
      if (owners.length >= MOST_FOLLOWED) throw new TooManyFollowedError(MOST_FOLLOWED)
      // It was followed, or there were too many, and that has changed in between.
    }
  }

  /** The viewer does not follow the owner any more. */
  async remove(viewer: OwnerId, owner: OwnerId): Promise<void> {
    const shard = shardOfOwner(viewer)
    const rows = await this.#shards.of(shard).query(
      `update following set owners = array_remove(owners, $3), version = next_version(version)
       where viewer = $2 and owners @> array[$3] and shard_is_here($1) returning viewer`,
      [shard, viewer, owner],
    )
    if (rows.length === 0) await tellAgain(this.#shards, viewer)
  }

  /** Tells owners that the viewer came or went, if they were not told yet. Again changes nothing. */
  async tell(viewer: OwnerId): Promise<void> {
    const shard = shardOfOwner(viewer)
    for (let page: Change[] = []; ; ) {
      const last = page.at(-1)?.owner ?? ''
      page = await this.#shards.of(shard).read<Change>(
        `select ${CHANGE} from follow_changes
         where viewer = $2 and owner > $3 and shard_is_here($1) order by viewer, owner limit ${PAGE}`,
        [shard, viewer, last],
      )
      await this.#tell(page)
      if (page.length < PAGE) return
    }
  }

  /**
   * Does the same for a page of all viewers' changes since before `since`, the longest since first. Returns how many there
   * were and where to go on, null at the end. What an owner's database is unavailable for stays to be told.
   */
  async tellAll(
    since: Date,
    after: ChangeCursor | null,
  ): Promise<{ told: number; next: ChangeCursor | null }> {
    // Coalesced, as PostgreSQL else reckons with so few rows of these shards that it reads and sorts the table for them.
    const rows = await this.#shards.everywhere().read<Change>(
      `select ${CHANGE} from follow_changes c
       where only_shards_here($1) and coalesce(shard_of(c.id) <@ $1::int4multirange, false)
         and number < $2::bigint and (number, viewer, owner) > ($3::bigint, $4, $5)
       order by c.number, viewer, owner limit ${PAGE}`,
      [microseconds(since), after?.number ?? '-1', after?.viewer ?? '', after?.owner ?? ''],
    )
    const page = rows.toSorted(inOrder).slice(0, PAGE)
    const parts = Map.groupBy(page, ({ owner }) => this.#shards.databaseOf(shardOfOwner(owner)))
    const told = await Promise.all([...parts.values()].map((part) => this.#tellIfThere(part)))
    return {
      told: told.reduce((sum, count) => sum + count, 0),
      next: page.length === PAGE ? (page.at(-1) as Change) : null,
    }
  }

  /** A page of those who follow the owner, by their names, after `after`. */
  async followersOf(owner: OwnerId, after: OwnerId | null, limit: number): Promise<OwnerId[]> {
    const shard = shardOfOwner(owner)
    const rows = await this.#shards.of(shard).readAtReplica<{ viewer: OwnerId }>(
      `select viewer from followers
       where owner = $2 and viewer > $3 and not is_gone and shard_is_here($1) order by owner, viewer limit $4`,
      [shard, owner, after ?? '', limit],
    )
    return rows.map(({ viewer }) => viewer)
  }

  /** Forgets those who went before `since`, up to so many. Returns how many. */
  async forget(since: Date, limit: number): Promise<number> {
    const rows = await this.#shards.everywhere().query(
      `delete from followers where id = any(array(
         select f.id from followers f
         where only_shards_here($1) and coalesce(shard_of(f.id) <@ $1::int4multirange, false)
           and f.is_gone and f.number < $2
         order by f.number limit $3
       )) and is_gone and number < $2 returning owner`,
      [microseconds(since), limit],
    )
    return rows.length
  }

  async #write(viewer: OwnerId, owners: readonly OwnerId[], change: string): Promise<boolean> {
    const shard = shardOfOwner(viewer)
    const rows = await this.#shards.of(shard).query(
      `insert into following as f (viewer, id, owners, version)
       select $2, named_id($1, $2), $3, next_version(0) where shard_is_here($1) on conflict (viewer) do update set ${change}
       returning viewer`,
      [shard, viewer, owners],
    )
    return rows.length > 0
  }

  /** How many it told: none when a database is unavailable. */
  async #tellIfThere(changes: readonly Change[]): Promise<number> {
    try {
      await this.#tell(changes)
      return changes.length
    } catch (error) {
      if (error instanceof EngineUnavailableError) return 0
      throw error
    }
  }

  async #tell(changes: readonly Change[]): Promise<void> {
    if (changes.length === 0) return
    const shards = changes.map(({ owner }) => shardOfOwner(owner))
    const columns = [
      changes.map(({ viewer }) => viewer),
      changes.map(({ owner }) => owner),
      changes.map(({ number }) => number),
    ]
    await this.#shards.ofEachShard([...new Set(shards)]).query(
      `insert into followers as f (viewer, owner, number, id, is_gone)
       select viewer, owner, number, named_id(shard, owner || ' ' || viewer), is_gone
       from unnest($2::text[], $3::text[], $4::bigint[], $5::int[], $6::boolean[]) as told(viewer, owner, number, shard, is_gone)
       where shard = any($1::int[]) and shards_are_here($1)
       order by owner, viewer
       on conflict (owner, viewer) do update set number = excluded.number, is_gone = excluded.is_gone
       where f.number < excluded.number`,
      [...columns, shards, changes.map(({ isFollowed }) => !isFollowed)],
    )
    // One that has changed since has another number, and whoever changed it tells it.
    await this.#shards.ofEach(changes.map(({ id }) => id)).query(
      `delete from follow_changes c
       using unnest($2::text[], $3::text[], $4::bigint[]) as told(viewer, owner, number)
       where c.id = any($1::bigint[]) and photos_are_here($1)
         and c.viewer = told.viewer and c.owner = told.owner and c.number = told.number`,
      columns,
    )
  }
}

/** As versions are. */
const microseconds = (time: Date) => String(time.getTime() * 1_000)

function inOrder(a: ChangeCursor, b: ChangeCursor): number {
  if (a.number !== b.number) return BigInt(a.number) < BigInt(b.number) ? -1 : 1
  return a.viewer === b.viewer ? compare(a.owner, b.owner) : compare(a.viewer, b.viewer)
}

const compare = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0)
