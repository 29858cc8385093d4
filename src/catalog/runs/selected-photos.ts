import type { PhotoId } from '../../photo/photo-id.ts'
import { type OwnerId, SHARD_COUNT, shardOfOwner } from '../../photo/shard.ts'
import type { Select } from '../database/database.ts'
import type { ShardMap } from '../shards/shard-map.ts'
import { isInShards, SHARD_ORDER } from '../shards/shard-order.ts'
import { rangesOf, shardsOf } from '../shards/shard-places.ts'
import { IS_BETWEEN, MAX_ID, ofEarlierRecipes, READY } from './earlier-recipes.ts'
import { RunFailures } from './run-failures.ts'

export const SELECTED_STATES = ['stale', 'missing', 'failed', 'all'] as const

/**
 * Which photos: those that are ready and were made by none of these recipes (`stale`, and `missing`, which may lack
 * something), those that failed, or all that are not processing; taken in from one id on, up to before another.
 */
export type Selection = {
  state: (typeof SELECTED_STATES)[number]
  recipes: readonly number[]
  from: PhotoId
  before: PhotoId
  newestFirst: boolean
}

/** Shards from one number to another, both included. */
export type Range = { from: number; to: number }

/** Where photos are looked for, each by an index of its own: by their state, in shards, of an owner, in a list, among what failed in a run. */
export type Source =
  | { by: 'state'; shards: readonly Range[] }
  | ({ by: 'shard' } & Range)
  | { by: 'owner'; owner: OwnerId }
  | { by: 'id'; ids: readonly PhotoId[] }
  | { by: 'failure'; run: number; code: string | null }

/**
 * The next selected photos of a source, and how far that is; JSON. `isLast` when there are no more behind them.
 * `passedOver` are those of a list that are not selected, or not there.
 */
export type SelectedPage = { ids: PhotoId[]; passedOver: number; cursor: unknown; isLast: boolean }

/** A photo that was looked at, and the cursor behind it. */
type Seen = { id: PhotoId; cursor: string; isSelected: boolean }

/** So many are looked at for a page, where no index tells whether they are selected; and so many where all are read. */
const LOOKED_AT = 500
const READ_AT_ONCE = 20_000
const LIST_PAGE = 1_000

const ALL_SHARDS = shardsOf({ from: 0, to: SHARD_COUNT - 1 })

const FAILED = `status = 'failed' and deleted_at is null`
const IS_STALE = `(${READY} and (recipe is null or recipe <> all($2::int[])))`

/** $2 are the recipes of today, $3 and $4 the first id and the one behind the last. */
const IS_SELECTED: Record<Selection['state'], string> = {
  stale: IS_STALE,
  missing: IS_STALE,
  failed: `(${FAILED} and $2::int[] is not null)`,
  all: `(status <> 'processing' and deleted_at is null and $2::int[] is not null)`,
}

/**
 * Photos that somebody chose, page by page, at the same cost however many there are. What is read of many photos is read from
 * replicas.
 */
export class SelectedPhotos {
  readonly #shards: ShardMap
  readonly #failures: RunFailures

  constructor(shards: ShardMap) {
    this.#shards = shards
    this.#failures = new RunFailures(shards)
  }

  /** The shards of each database, as ranges. */
  places(): Range[][] {
    return [...Map.groupBy(ALL_SHARDS, (shard) => this.#shards.databaseOf(shard)).values()].map(rangesOf)
  }

  /** Up to so many after the cursor, which begins as null. Throws EngineUnavailableError unless all are known. */
  async page(source: Source, selection: Selection, cursor: unknown, limit: number): Promise<SelectedPage> {
    if (source.by === 'id') return await this.#pageOfList(source.ids, selection, Number(cursor ?? 0), limit)
    if (source.by === 'failure')
      return await this.#pageOfFailures(source, selection, cursor as PhotoId | null, limit)
    const asked = source.by === 'state' && selection.state !== 'all' ? limit : Math.max(limit, LOOKED_AT)
    const seen = await this.#look(source, selection, cursor as string | null, asked)
    const found = seen.filter(({ isSelected }) => isSelected)
    const isCut = found.length > limit
    const page = found.slice(0, limit)
    const last = isCut ? page.at(-1) : seen.at(-1)
    return {
      ids: page.map(({ id }) => id),
      passedOver: 0,
      cursor: last?.cursor ?? cursor,
      isLast: !isCut && seen.length < asked,
    }
  }

  /**
   * All of a source, each once, in pages of some thousands, of which some may be empty: no statement reads more than a page, and
   * all together what one over all would. Those of earlier recipes come recipe by recipe, others as in `page`. Throws as that
   * does.
   */
  async *all(source: Source, selection: Selection): AsyncGenerator<PhotoId[]> {
    if (source.by === 'state' && (selection.state === 'stale' || selection.state === 'missing')) {
      yield* ofEarlierRecipes(this.#shards.ofShards(shardsOfRanges(source.shards)), selection, READ_AT_ONCE)
      return
    }
    for (let cursor: unknown = null, isLast = false; !isLast; ) {
      const page = await this.page(source, selection, cursor, isListed(source) ? LIST_PAGE : READ_AT_ONCE)
      yield page.ids
      ;({ cursor, isLast } = page)
    }
  }

  async #look(
    source: Exclude<Source, { by: 'id' | 'failure' }>,
    selection: Selection,
    cursor: string | null,
    limit: number,
  ): Promise<Seen[]> {
    switch (source.by) {
      case 'state':
        return await this.#lookByState(shardsOfRanges(source.shards), selection, cursor, limit)
      case 'shard':
        return await this.#lookByShard(source, selection, cursor, limit)
      case 'owner':
        return await this.#lookByOwner(source.owner, selection, cursor, limit)
    }
  }

  async #lookByState(
    shards: ReturnType<typeof shardsOf>,
    { state, recipes, newestFirst, ...selection }: Selection,
    cursor: string | null,
    limit: number,
  ): Promise<Seen[]> {
    const from = cursor !== null && !newestFirst ? String(BigInt(cursor) + 1n) : selection.from
    const before = cursor !== null && newestFirst ? cursor : selection.before
    const direction = newestFirst ? 'desc' : 'asc'
    const rows = await this.#shards
      .ofShards(shards)
      .readAtReplica<Omit<Seen, 'cursor'>>(statementOf(state, direction), [recipes, from, before, limit])
    const inOrder = rows.toSorted((a, b) => (BigInt(a.id) < BigInt(b.id) === newestFirst ? 1 : -1))
    return inOrder.slice(0, limit).map((row) => ({ ...row, cursor: row.id }))
  }

  /** In the order of the index, which is that of the shards, but within one none of time. */
  async #lookByShard(
    { from, to }: Range,
    { state, recipes, ...selection }: Selection,
    cursor: string | null,
    limit: number,
  ): Promise<Seen[]> {
    // In a run of before it may be an id alone, of another order: then all is looked at anew.
    const [number, id] = cursor?.includes(' ') ? cursor.split(' ') : ['-1', '-1']
    const rows = await this.#shards.ofShards(shardsOf({ from, to })).readAtReplica<Seen>(
      `select p.id::text, ${SHARD_ORDER} || ' ' || p.id as cursor, ${IS_SELECTED[state]} and ${IS_BETWEEN} as "isSelected"
       from photos p
       where all_shards_here($1) and ${isInShards('$5', '$6')} and (${SHARD_ORDER}, p.id) > ($7::bigint, $8::bigint)
       order by ${SHARD_ORDER}, p.id limit $9`,
      [recipes, selection.from, selection.before, from, to, number, id, limit],
    )
    const place = ({ cursor }: Seen) =>
      cursor.split(' ').reduce((sum, each) => (sum << 64n) + BigInt(each), 0n)
    return rows.toSorted((a, b) => (place(a) < place(b) ? -1 : 1)).slice(0, limit)
  }

  /** In the order of the index: when it was posted, then by id; what others see and what not, merged. */
  async #lookByOwner(
    owner: OwnerId,
    { state, recipes, newestFirst, from, before }: Selection,
    cursor: string | null,
    limit: number,
  ): Promise<Seen[]> {
    const [side, direction] = newestFirst ? ['<', 'desc'] : ['>', 'asc']
    const start = newestFirst ? ['8640000000000000', MAX_ID] : ['-8640000000000000', '0']
    const [postedAt, id] = cursor?.split(' ') ?? start
    const order = `order by posted_at ${direction}, id ${direction}`
    const half = (isShown: string) => `
      (select * from photos where hashtext(owner) = hashtext($5) and ${isShown} and deleted_at is null and owner = $5
         and (posted_at, id) ${side} ($6::bigint, $7::bigint) ${order} limit $8)`
    const [shown, others] = [half(IS_SHOWN), half(`not ${IS_SHOWN}`)]
    const shard = shardOfOwner(owner)
    return await this.#shards.of(shard).readAtReplica<Seen>(
      `select p.id::text, p.posted_at || ' ' || p.id as cursor, ${IS_SELECTED[state]} and ${IS_BETWEEN} as "isSelected"
       from (${shown} union all ${others}) p
       where shard_is_here($1)
       order by p.posted_at ${direction}, p.id ${direction} limit $8`,
      [shard, recipes, from, before, owner, postedAt, id, limit],
    )
  }

  async #pageOfList(
    list: readonly PhotoId[],
    selection: Selection,
    start: number,
    limit: number,
  ): Promise<SelectedPage> {
    const asked = list.slice(start, start + limit)
    const ids = await this.#selectedOf(asked, selection)
    return {
      ids,
      passedOver: asked.length - ids.length,
      cursor: start + asked.length,
      isLast: start + asked.length >= list.length,
    }
  }

  async #pageOfFailures(
    { run, code }: Extract<Source, { by: 'failure' }>,
    selection: Selection,
    after: PhotoId | null,
    limit: number,
  ): Promise<SelectedPage> {
    const failed = (await this.#failures.page(run, { code, after, limit })).map(({ photoId }) => photoId)
    return {
      ids: await this.#selectedOf(failed, selection),
      passedOver: 0,
      cursor: failed.at(-1) ?? after,
      isLast: failed.length < limit,
    }
  }

  async #selectedOf(
    ids: readonly PhotoId[],
    { state, recipes, from, before }: Selection,
  ): Promise<PhotoId[]> {
    const rows = await this.#shards.ofEach(ids).readAtReplica<{ id: PhotoId }>(
      `select id::text from photos
       where id = any($1::bigint[]) and photos_are_here($1) and ${IS_SELECTED[state]} and ${IS_BETWEEN}`,
      [recipes, from, before],
    )
    return rows.map(({ id }) => id)
  }
}

/** What a list names is asked for by its ids. */
function isListed({ by }: Source): boolean {
  return by === 'id' || by === 'failure'
}

/** What others than the owner see, as the index has it. */
const IS_SHOWN = `(case when visibility = 'public' then status = 'ready' else false end)`

/** The photos of a state in the order of their ids, of shards that are $1. */
function statementOf(state: Selection['state'], direction: 'asc' | 'desc'): Select {
  const ordered = (where: string, by = '') => `
    (select p.id from photos p
     where ${where} and ${IS_BETWEEN} and shard_of(id) <@ $1::int4multirange order by ${by} p.id ${direction} limit $5)`
  const selected = (rows: string): Select =>
    `select p.id::text, true as "isSelected" from (${rows}) p where all_shards_here($1) and $2::int[] is not null
     order by p.id ${direction} limit $5`
  switch (state) {
    case 'failed':
      return selected(ordered(FAILED))
    case 'all':
      return `select p.id::text, ${IS_SELECTED.all} as "isSelected" from photos p
        where all_shards_here($1) and ${IS_BETWEEN} and shard_of(id) <@ $1::int4multirange
        order by p.id ${direction} limit $5`
    case 'stale':
    case 'missing':
      // From each recipe there is to the next: they are few, and each has its photos in order. @NOTE Of those without one the
      // index gives that order only when the recipe is named in it: `is null` says to PostgreSQL nothing of how they compare.
      return selected(`
        with recursive recipes as (
          select (select min(recipe) from photos where ${READY}) as recipe
          union all
          select (select min(recipe) from photos where ${READY} and recipe > recipes.recipe)
          from recipes where recipes.recipe is not null
        )
        select each.id from (select recipe from recipes where recipe <> all($2::int[])) earlier
        cross join lateral ${ordered(`${READY} and p.recipe = earlier.recipe`)} each
        union all ${ordered(`${READY} and p.recipe is null`, `p.recipe ${direction},`)}`)
  }
}

function shardsOfRanges(ranges: readonly Range[]) {
  return ranges.flatMap(shardsOf)
}
