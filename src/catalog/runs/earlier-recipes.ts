import type { PhotoId } from '../../photo/photo-id.ts'
import type { Select } from '../database/database.ts'
import type { ShardQueries } from '../shards/shard-queries.ts'

export const MAX_ID = '9223372036854775807'
export const READY = `status = 'ready' and deleted_at is null`
/** $3 is the first id, $4 the one behind the last. */
export const IS_BETWEEN = 'id >= $3::bigint and id < $4::bigint'

/** Photos of a recipe, in the order of their ids; fewer than were asked for when no more are behind them. */
type OfRecipe = { recipe: number; ids: PhotoId[] }
type Place = [recipe: number, id: bigint]

/** Of those that have none, which come last. Recipes are int4. */
const NO_RECIPE = 2 ** 31
const BEFORE_ALL = -1n

/** Up to $5 of the first recipe from $6 on that is none of today's, $2; of $6 itself those behind $7. */
const OF_NEXT_RECIPE: Select = `select next.recipe::float8 as recipe, (
    select coalesce(array_agg(id::text order by id), '{}') from (
      (select p.id from photos p
       where ${READY} and p.recipe = nullif(next.recipe, ${NO_RECIPE})::int and p.id > next.after and ${IS_BETWEEN}
         and shard_of(id) <@ $1::int4multirange
       order by p.id limit $5)
      union all
      (select p.id from photos p
       where next.recipe = ${NO_RECIPE} and ${READY} and p.recipe is null and p.id > next.after and ${IS_BETWEEN}
         and shard_of(id) <@ $1::int4multirange
       order by p.recipe, p.id limit $5)
    ) as page
  ) as ids
  from (
    with recursive recipes as (
      select (select min(recipe) from photos where ${READY} and recipe >= $6::bigint) as recipe
      union all
      select (select min(recipe) from photos where ${READY} and recipe > recipes.recipe)
      from recipes where recipes.recipe = any($2::int[])
    )
    select each.recipe, case when each.recipe = $6::bigint then $7::bigint else ${BEFORE_ALL} end as after
    from (
      select recipe::bigint from recipes where recipe <> all($2::int[]) union all select ${NO_RECIPE}
    ) as each
    where each.recipe >= $6::bigint
    order by each.recipe limit 1
  ) as next
  where all_shards_here($1)`

/**
 * All photos that are ready and of none of today's recipes, so many at a time: each recipe's in the order of their ids, one
 * recipe after the other, so that none is read that is not told.
 */
export async function* ofEarlierRecipes(
  shards: Pick<ShardQueries, 'readAtReplica'>,
  { recipes, from, before }: { recipes: readonly number[]; from: PhotoId; before: PhotoId },
  limit: number,
): AsyncGenerator<PhotoId[]> {
  let place: Place = [-NO_RECIPE, BEFORE_ALL]
  for (;;) {
    const found = await shards.readAtReplica<OfRecipe>(OF_NEXT_RECIPE, [
      recipes,
      from,
      before,
      limit,
      ...place,
    ])
    if (found.length === 0) return
    // Of several databases some have told more: no further than all have.
    const end = found.map((each) => endOf(each, limit)).reduce((a, b) => (isBefore(a, b) ? a : b))
    const ids = found.flatMap(({ recipe, ids }) => ids.filter((id) => isBefore([recipe, BigInt(id)], end)))
    yield ids
    place = [end[0], end[1] - 1n]
  }
}

/** The place behind all that a database told, and behind its recipe when there are no more of that. */
function endOf({ recipe, ids }: OfRecipe, limit: number): Place {
  const last = ids.length < limit ? undefined : ids.at(-1)
  return last === undefined ? [recipe + 1, 0n] : [recipe, BigInt(last) + 1n]
}

function isBefore([recipe, id]: Place, [other, otherId]: Place): boolean {
  return recipe < other || (recipe === other && id < otherId)
}
