import pg from 'pg'
import type { Look } from '../../src/photo/look/look.ts'
import type { Rendition } from '../../src/photo/photo.ts'
import { migrateUpTo } from './earlier-tables.ts'

// A Darkroom of version 0.1 with one row for each rendition, as it wrote and read its tables.

const LAST_MIGRATION = 7
const FACTS = [4, 3, '#8a6f5b', 'AQID']
const ROWS =
  'jsonb_to_recordset($9) as r(preset text, format text, digest text, width int, height int, bytes int)'

export type Shown = { status: string; edition: number; look: Look | null; digests: string[] }

/** The tables that it had, with every shard. */
export async function migrateToRowRenditions(url: string): Promise<void> {
  await migrateUpTo(url, LAST_MIGRATION)
  await using darkroom = await RowRenditions.open(url)
  await darkroom.query(
    "insert into shards (shard, state, generation) select shard, 'here', 1 from generate_series(0, 8191) shard",
  )
}

export class RowRenditions implements AsyncDisposable {
  readonly #client: pg.Client

  private constructor(client: pg.Client) {
    this.#client = client
  }

  static async open(url: string): Promise<RowRenditions> {
    const client = new pg.Client({ connectionString: url })
    await client.connect()
    return new RowRenditions(client)
  }

  async query<Row extends pg.QueryResultRow>(statement: string, values: unknown[] = []): Promise<Row[]> {
    return (await this.#client.query<Row>(statement, values)).rows
  }

  async insert(owner: string, shard: number, look: Look | null): Promise<string> {
    const [row] = await this.query<{ id: string }>('select next_photo_id($1)::text as id', [shard])
    const { id } = row as { id: string }
    await this.query(
      `insert into photos (id, owner, visibility, format, bytes, sha256, filter, strength, pending)
       values ($1, $2, 'public', 'jpeg', 3, '\\xab', $3, $4, $5)`,
      [id, owner, look?.filter, look?.strength, look ? ['resize', 'filter'] : ['resize']],
    )
    return id
  }

  /** What a `resize` or `filter` job made of an upload. */
  async record(id: string, kind: string, look: Look | null, made: readonly Rendition[]): Promise<void> {
    await this.query(
      `with photo as (
         update photos set
           pending = array_remove(pending, $2),
           status = case when status = 'processing' and array_remove(pending, $2) = '{}' then 'ready' else status end,
           width = $5, height = $6, avif_edition = null, color = $7, thumbhash = decode($8, 'base64')
         where id = $1 and deleted_at is null and photo_is_here($1)
         returning id, status, edition, filter, strength
       ), made as (
         insert into renditions (photo_id, filter, strength, edition, retired_at, preset, format, digest, width, height, bytes)
         select photo.id, $3::text, $4::double precision, 0,
           case when photo.edition <> 0
             or ($3::text is not null and (photo.filter, photo.strength) is distinct from ($3, $4)) then now() end, r.*
         from photo, ${ROWS}
         on conflict (photo_id, preset, format, digest) do update set retired_at = excluded.retired_at
           where not renditions.is_doomed
       )
       select status, edition from photo`,
      [id, kind, look?.filter ?? null, look?.strength ?? null, ...FACTS, JSON.stringify(made)],
    )
  }

  async wantLook(id: string, look: Look | null): Promise<number> {
    const [row] = await this.query<{ changes: number }>(
      `update photos set changes = changes + 1, wanted_filter = $2, wanted_strength = $3, wanted_at = now()
       where id = $1 and photo_is_here($1) returning changes`,
      [id, look?.filter, look?.strength],
    )
    return row?.changes ?? 0
  }

  async showLook(id: string, edition: number, look: Look | null, made: readonly Rendition[]): Promise<void> {
    await this.query(
      `with photo as (
         update photos set
           filter = $3, strength = $4, edition = $2, wanted_filter = null, wanted_strength = null, wanted_at = null,
           width = $5, height = $6, color = $7, thumbhash = decode($8, 'base64')
         where id = $1 and changes = $2 and wanted_at is not null and photo_is_here($1) returning id
       ), made as (
         insert into renditions (photo_id, filter, strength, edition, preset, format, digest, width, height, bytes)
         select photo.id, $3, $4, $2, r.* from photo, ${ROWS}
         on conflict do nothing
       ), retired as (
         update renditions r set retired_at = now() from photo
         where r.photo_id = photo.id and r.retired_at is null
           and not (r.edition = $2 and (r.filter, r.strength) is not distinct from ($3, $4))
       )
       select id from photo`,
      [id, edition, look?.filter ?? null, look?.strength ?? null, ...FACTS, JSON.stringify(made)],
    )
  }

  async recordAvif(
    id: string,
    edition: number,
    look: Look | null,
    made: readonly Rendition[],
  ): Promise<void> {
    await this.query(
      `with photo as (
         update photos set avif_edition = $2 where id = $1 and edition = $2 and photo_is_here($1) returning id
       )
       insert into renditions (photo_id, filter, strength, edition, preset, format, digest, width, height, bytes)
       select photo.id, $3, $4, $2, r.* from photo, ${ROWS.replace('$9', '$5')}
       on conflict do nothing`,
      [id, edition, look?.filter ?? null, look?.strength ?? null, JSON.stringify(made)],
    )
  }

  async find(id: string): Promise<Shown> {
    const [row] = await this.query<Shown & Look>(
      `select status, edition, filter, strength,
         (select coalesce(array_agg(digest order by digest), '{}') from renditions r
          where r.photo_id = p.id and r.edition = p.edition and r.retired_at is null
            and (r.filter, r.strength) is not distinct from (p.filter, p.strength)) as digests
       from photos p where id = $1 and photo_is_here($1)`,
      [id],
    )
    const { status, edition, filter, strength, digests } = row as Shown & Look
    return { status, edition, look: filter === null ? null : { filter, strength }, digests }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#client.end()
  }
}
