import type { Reads } from '../database/database.ts'
import { isInShards } from '../shards/shard-order.ts'

/** So many are counted; of more PostgreSQL tells what it reckons with, as counting would read them all. */
const COUNTED = 10_000

/** Photos that have rows in the database, whether their shards are here or not. */
export type PhotoCount = { photos: number; isEstimate: boolean }

/** Counts the photos in a range of shards, or reckons when they are many. */
export async function countPhotos(
  database: Reads,
  { from, to }: { from: number; to: number },
): Promise<PhotoCount> {
  const range = [from, to]
  const ofRange = `select id from photos p where ${isInShards('$1', '$2')}` as const
  const [row] = await database.read<{ photos: number }>(
    `select count(*)::int as photos from (${ofRange} limit ${COUNTED + 1}) as counted`,
    range,
  )
  const photos = row?.photos ?? 0
  if (photos <= COUNTED) return { photos, isEstimate: false }
  const [plan] = await database.read<{ 'QUERY PLAN': [{ Plan: { 'Plan Rows': number } }] }>(
    `explain (format json) ${ofRange}`,
    range,
  )
  return { photos: Math.max(plan?.['QUERY PLAN'][0].Plan['Plan Rows'] ?? 0, photos), isEstimate: true }
}
