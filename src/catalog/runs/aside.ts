import type { Rendition } from '../../photo/photo.ts'
import type { PhotoId } from '../../photo/photo-id.ts'
import { SHARD_COUNT } from '../../photo/shard.ts'
import { putAside } from '../photos/earlier-renditions.ts'
import { decodeRenditions } from '../photos/rendition-value.ts'
import type { ShardMap } from '../shards/shard-map.ts'
import { shardsOf } from '../shards/shard-places.ts'
import type { Range } from './selected-photos.ts'

/** A photo that a run made anew, and how far that is from what was shown before. */
export type Differing = { id: PhotoId; difference: number }

/** What runs put aside as they showed other editions: it can be shown again for as long as it is kept. */
export class Aside {
  readonly #shards: ShardMap
  readonly #keepSeconds: number

  /** What is not shown any more is kept for `keepSeconds` at least. */
  constructor(shards: ShardMap, keepSeconds: number) {
    this.#shards = shards
    this.#keepSeconds = keepSeconds
  }

  /** How many photos of these shards have an edition that the run put aside. */
  async count(run: number, shards: readonly Range[]): Promise<number> {
    const counts = await this.#shards.ofShards(shards.flatMap(shardsOf)).readAtReplica<{ count: number }>(
      `select count(*)::int as count from earlier_renditions
       where all_shards_here($1) and shard_of(photo_id) <@ $1::int4multirange and run = $2`,
      [run],
    )
    return counts.reduce((sum, { count }) => sum + count, 0)
  }

  /** These photos, in the order of their ids, after `after`. */
  async page(
    run: number,
    shards: readonly Range[],
    after: PhotoId | null,
    limit: number,
  ): Promise<PhotoId[]> {
    const rows = await this.#shards.ofShards(shards.flatMap(shardsOf)).read<{ id: PhotoId }>(
      `select photo_id::text as id from earlier_renditions e
       where all_shards_here($1) and shard_of(photo_id) <@ $1::int4multirange and run = $2 and photo_id > $3::bigint
       order by e.photo_id limit $4`,
      [run, after ?? '0', limit],
    )
    return rows
      .map(({ id }) => id)
      .toSorted((a, b) => (BigInt(a) < BigInt(b) ? -1 : 1))
      .slice(0, limit)
  }

  /**
   * So many of these photos, those first whose new edition is furthest from what was put aside, in ΔE2000; after one of them.
   * What was put aside before that was measured comes last, as 0.
   */
  async furthest(run: number, after: Differing | null, limit: number): Promise<Differing[]> {
    const rows = await this.#shards.ofShards(shardsOf({ from: 0, to: SHARD_COUNT - 1 })).read<Differing>(
      `select photo_id::text as id, coalesce(difference, 0) as difference from earlier_renditions e
       where all_shards_here($1) and shard_of(photo_id) <@ $1::int4multirange and run = $2
         and (-coalesce(difference, 0), photo_id) > ($3::real, $4::bigint)
       order by -coalesce(difference, 0), e.photo_id limit $5`,
      [run, after ? -after.difference : '-Infinity', after?.id ?? '0', limit],
    )
    const isBefore = (a: Differing, b: Differing) =>
      a.difference === b.difference ? BigInt(a.id) < BigInt(b.id) : a.difference > b.difference
    return rows.toSorted((a, b) => (isBefore(a, b) ? -1 : 1)).slice(0, limit)
  }

  /** What the run put aside of these photos. */
  async renditions(ids: readonly PhotoId[], run: number): Promise<Map<PhotoId, Rendition[]>> {
    const rows = await this.#shards.ofEach(ids).read<{ id: PhotoId; renditions: Buffer }>(
      `select photo_id::text as id, renditions || coalesce(later_renditions, '') as renditions
       from earlier_renditions where photo_id = any($1::bigint[]) and run = $2 and photos_are_here($1)`,
      [run],
    )
    return new Map(rows.map(({ id, renditions }) => [id, decodeRenditions(renditions)]))
  }

  /**
   * Shows again what the run put aside of these photos, as it was, and puts aside in the name of another run what is shown
   * now. Photos that were changed since are left as they are. Returns those that show it, from now on or since an earlier
   * call.
   */
  async showAgain(
    ids: readonly PhotoId[],
    { run, by, keepSeconds }: { run: number; by: number; keepSeconds: number },
  ): Promise<PhotoId[]> {
    const rows = await this.#shards.ofEach(ids).query<{ id: PhotoId }>(
      `with before as (
         select p.*, e.edition as earlier_edition, e.difference
         from photos p join earlier_renditions e on e.photo_id = p.id and e.run = $2 and e.remade_as = p.edition
         where p.id = any($1::bigint[]) and p.deleted_at is null and p.wanted_at is null and not e.is_doomed
           and photos_are_here($1)
         for update
       ), again as (
         delete from earlier_renditions e using before
         where e.photo_id = before.id and e.edition = before.earlier_edition
         returning e.*
       ), photo as (
         update photos set
           -- whoever is still to show what the run made comes too late
           edition = again.edition, changes = photos.changes + 1, renditions = again.renditions, later_renditions = again.later_renditions,
           recipe = again.recipe, color = again.color, thumbhash = again.thumbhash
         from again where photos.id = again.photo_id
         returning photos.id
       ), aside as (
         ${putAside(
           `select id, edition, filter, strength, renditions, later_renditions, recipe,
              now() + $4 * interval '1 second', $3::int, earlier_edition, color, thumbhash, difference
            from before where id in (select id from photo)`,
           ['run', 'remade_as', 'color', 'thumbhash', 'difference'],
         )}
       )
       select id::text from photo
       union
       select photo_id::text from earlier_renditions
       where photo_id = any($1::bigint[]) and run = $3`,
      [run, by, Math.max(keepSeconds, this.#keepSeconds)],
    )
    return rows.map(({ id }) => id)
  }

  /**
   * Keeps what the run put aside of these photos no longer than delivery URLs of it can be valid. Again changes nothing;
   * none of it can be shown again by the run.
   */
  async release(
    ids: readonly PhotoId[],
    { run, keepSeconds }: { run: number; keepSeconds: number },
  ): Promise<void> {
    const longer = Math.max(0, keepSeconds - this.#keepSeconds)
    await this.#shards.ofEach(ids).query(
      `update earlier_renditions set due_at = greatest(now(), due_at - $3 * interval '1 second'), run = null
       where photo_id = any($1::bigint[]) and run = $2 and photos_are_here($1)`,
      [run, longer],
    )
  }
}
