import { randomBytes } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import type { PhotoId } from '../../src/photo/photo-id.ts'
import { type OwnerId, shardOfOwner } from '../../src/photo/shard.ts'
import { LANES } from '../../src/queue/job.ts'
import { type Darkroom, startDarkroom } from '../darkroom.ts'
import { type Line, ratio, value } from '../line.ts'
import { compareOnce, quantile } from '../measure.ts'
import type { Told } from '../processes/webhook-receiver.ts'
import { startScript } from '../script-process.ts'
import { formOf } from '../upload-request.ts'
import { startWorkers, timesToReady, untilLiveIsIdle } from './lanes.ts'

const STAR = 'star' as OwnerId
const FOLLOWERS = 200_000
/** As many as take longer than the uploads beside them. */
const PHOTOS_BESIDE = 100
const UPLOADS = 30
const POLL_MS = 20

/**
 * Of a new photo of an owner with 200,000 followers, how many of them a second an app's server is told, by the workers that
 * `darkroom start` has; and how soon an upload of 12 MP is ready beside that, against an idle machine.
 */
export const fanOut: Line = {
  name: 'fan-out',
  isLong: true,
  measure: async (bench) => {
    const secret = `whsec_${randomBytes(32).toString('base64')}`
    await using receiver = startScript<object, Told>('webhook-receiver.ts', [secret])
    const { port } = await receiver.ask({})
    const engines = {
      WEBHOOK_URL: `http://127.0.0.1:${port}/`,
      WEBHOOK_SECRET: secret,
      WEBHOOK_NETWORKS: '127.0.0.1',
    }
    await using darkroom = await startDarkroom(bench, { workers: 0, engines })
    await follow(darkroom)
    const viewers = async () => (await receiver.ask({})).viewers
    await using _workers = await startWorkers(bench, darkroom, LANES)

    // The first starts the workers.
    await post(darkroom, 1)
    while ((await viewers()) < FOLLOWERS) await sleep(POLL_MS)
    const startedAt = performance.now()
    await post(darkroom, 1)
    while ((await viewers()) < 2 * FOLLOWERS) await sleep(POLL_MS)
    const seconds = (performance.now() - startedAt) / 1000

    const form = formOf(await readFile(await bench.photo('photo of 12 MP')))
    const measure = () => timesToReady(darkroom, form, bench.rounds(UPLOADS))
    await measure()
    const idle = await measure()
    const photos = await post(darkroom, PHOTOS_BESIDE)
    const before = await viewers()
    const beside = await measure()
    if ((await viewers()) - before >= PHOTOS_BESIDE * FOLLOWERS) throw new Error('all were told too soon')
    await withdraw(darkroom, photos)
    await untilLiveIsIdle(darkroom)
    return [
      value('followers told of a new photo', '1/s', FOLLOWERS / seconds, { atLeast: 20_000 }),
      ...[0.5, 0.95].map((part) => {
        const comparison = compareOnce(quantile(beside, part), quantile(idle, part))
        const what = `last byte to ready beside a fan-out / idle, p${part * 100}`
        return ratio(what, 'ms', comparison, { below: 1.15 })
      }),
    ]
  },
}

async function query({ env }: Darkroom, statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: env.DATABASE_URL })
  await client.connect()
  try {
    await client.query(statement)
  } finally {
    await client.end()
  }
}

async function follow(darkroom: Darkroom): Promise<void> {
  const shard = shardOfOwner(STAR)
  await query(
    darkroom,
    `insert into followers (owner, viewer, id, number, is_gone)
     select '${STAR}', viewer, named_id(${shard}, '${STAR} ' || viewer), n, false
     from (select n, 'auth0|' || md5(n::text) as viewer from generate_series(1, ${FOLLOWERS}) n) follower`,
  )
  await query(darkroom, 'analyze followers')
}

/** So many photos that others see, and of each the promise to tell its owner's followers. */
async function post(darkroom: Darkroom, count: number): Promise<PhotoId[]> {
  const { catalog, queue } = darkroom.services
  const ids: PhotoId[] = []
  for (let n = 0; n < count; n++) ids.push(await catalog.photos.nextId(STAR))
  await query(
    darkroom,
    `insert into photos (id, owner, status, visibility, format, bytes, sha256, posted_at, renditions, later_renditions)
     select id, '${STAR}', 'ready', 'public', 'jpeg', 1, sha256(int8send(id)), posted_at_of(id), '', ''
     from unnest('{${ids}}'::bigint[]) id`,
  )
  for (const photoId of ids)
    await queue.enqueue({ kind: 'fanout', photoId, page: { number: 0, event: photoId, after: null } })
  return ids
}

/** Nobody sees them any more, so that nobody else is told. */
async function withdraw(darkroom: Darkroom, ids: readonly PhotoId[]): Promise<void> {
  await query(darkroom, `update photos set visibility = 'private' where id = any('{${ids}}'::bigint[])`)
}
