import type { StoreConfig } from '../../src/config/config.ts'
import { firstIdAt } from '../../src/photo/photo-id.ts'
import type { OwnerId } from '../../src/photo/shard.ts'
import type { Services } from '../../src/services.ts'
import { deleteIncoming } from '../../src/sweep/incoming.ts'
import { deleteLostChunks, sweepUploads } from '../../src/sweep/old-uploads.ts'
import { sweepAndAccount } from '../afterwards.ts'
import type { Toll } from '../havoc.ts'
import { leftovers } from '../leftovers.ts'
import { createRandom } from '../random.ts'
import { hitsOf } from '../report.ts'
import type { ChaosOptions } from '../run.ts'
import { RunLedger } from '../run-ledger.ts'
import { openServicesWhenBack, type Settled, settle } from '../settle.ts'
import { type Closing, onStage, READY_WITHIN_MS, type Stage } from '../stage.ts'
import { CALM_MS, hit, STORM_MS } from '../storm.ts'
import { OWNERS } from '../uploader.ts'
import { type BadProxy, openBadProxy } from './bad-proxy.ts'
import { sender } from './send.ts'
import { type Uploaded, uploadByAllWays } from './upload-all.ts'

/** What came of the uploads, and what is not as it was promised. */
type Books = Pick<Uploaded, 'attempts' | 'ways'> & {
  remark: string
  toll: Toll
  /** How many connections had each fate. */
  fates: BadProxy['counts']
  settled: Settled
  /** What was let go at last of what nobody came back to: objects that were put there, ids. */
  letGo: { objects: number; ids: number; strays: number }
  findings: readonly string[]
}
export type ClientsReport = Omit<ChaosOptions, 'stop'> & Books & Closing

type Network = { api: BadProxy; bucket: BadProxy }

/** More than anybody uploads: so every photo is counted. */
const DAY = { OWNER_PHOTOS_PER_DAY: '1000000' }
const DAY_MS = 24 * 3_600_000
const TWO_DAYS_MS = 2 * DAY_MS
const PAGE = 10_000

/** Uploads in all ways, over a bad network, while everything dies, and accounts for each photo. */
export async function runClients(options: ChaosOptions): Promise<ClientsReport> {
  const { seed, engines, uploads, seconds } = options
  await using api = await openBadProxy(seed, 'api')
  await using bucket = await openBadProxy(seed, 'bucket')
  const env = { ...DAY, PUBLIC_URL: api.url }
  const books = await onStage(
    { ...options, env },
    async (stage) => await play(options, stage, { api, bucket }),
  )
  return { seed, engines, uploads, seconds, ...books }
}

async function play(options: ChaosOptions, stage: Stage, { api, bucket }: Network): Promise<Books> {
  const { config, engines, disk, darkroom, tokenOf, url, log } = stage
  const { seed, seconds, stop } = options
  api.leadTo(url)
  const endpoint = endpointOf(config.store)
  if (endpoint) bucket.leadTo(endpoint)
  const random = createRandom(seed, 'clients')
  const send = sender(random)
  const sendTo = endpoint ? sender(random, new URL(bucket.url)) : send

  const stormMs = seconds * 1000 + STORM_MS
  const allIn = new AbortController()
  const calm = AbortSignal.any([allIn.signal, AbortSignal.timeout(stormMs)])
  const havoc = hit(stage, [], createRandom(seed, 'havoc'), calm)
  const plan = { ...options, tokenOf, giveUpAfterMs: stormMs + CALM_MS }
  const { attempts, ways, findings } = await uploadByAllWays(plan, { url: api.url, send, sendTo })
  allIn.abort()
  const toll = await havoc
  stop.throwIfAborted()
  await Promise.all([api.calm(), bucket.calm()])
  log.info('the storm is over')

  const isReady = await darkroom.untilReady(READY_WITHIN_MS)
  await using services = await openServicesWhenBack(config, log)
  const settled = await settle(services, log)
  const then = new Date(Date.now() + TWO_DAYS_MS)
  const counted = await miscounted(services)
  const objects = await deleteIncoming(services, log, then)
  await sweepUploads(services, log, then)
  await deleteLostChunks(services, log, new Date(then.getTime() + DAY_MS))
  const ids = await services.catalog.reservedIds.forget(firstIdAt(then), PAGE)
  const ledger = new RunLedger({ isExact: false })
  const swept = await sweepAndAccount({ config, url, tokenOf, ledger, services, attempts, log })
  return {
    remark: [engines.remark, disk.remark].filter(Boolean).join(', '),
    toll,
    attempts,
    ways,
    fates: sumOf(api.counts, bucket.counts),
    settled,
    letGo: { objects, ids, strays: swept.strays },
    findings: [
      ...(isReady ? [] : ['Darkroom did not become ready again']),
      ...(settled.isQuiet ? [] : [`it did not settle: ${settled.last}`]),
      ...findings,
      ...counted,
      ...swept.findings,
      ...(await leftovers(config.store)),
    ],
  }
}

/** Owners whose day has another count than their photos. */
async function miscounted({ catalog }: Services): Promise<string[]> {
  const found = await Promise.all(
    OWNERS.map(async (owner: OwnerId) => {
      const { photos, bytes, resetsAt } = await catalog.dailyUses.of(owner)
      const own = (await catalog.photos.list(owner, owner, { older: PAGE })).photos
      // Some may be of the day before.
      if (own.some(({ postedAt }) => postedAt.getTime() < resetsAt.getTime() - DAY_MS)) return []
      const sum = own.reduce((total, { original }) => total + (original.bytes ?? 0), 0)
      return photos === own.length && bytes === sum
        ? []
        : [`${owner} has ${own.length} photos of ${sum} bytes, and ${photos} of ${bytes} are counted`]
    }),
  )
  return found.flat()
}

function endpointOf(store: StoreConfig): string | null {
  return store.kind === 's3' ? store.endpoint : null
}

function sumOf(one: BadProxy['counts'], other: BadProxy['counts']): BadProxy['counts'] {
  const names = Object.keys(one) as (keyof BadProxy['counts'])[]
  return Object.fromEntries(names.map((name) => [name, one[name] + other[name]])) as BadProxy['counts']
}

/** The account as text. What was found comes last, a line each. */
export function textOfClients(report: ClientsReport): string {
  const {
    seed,
    engines,
    uploads,
    seconds,
    remark,
    toll,
    attempts,
    ways,
    fates,
    settled,
    letGo,
    ms,
    findings,
  } = report
  const there = attempts.filter(({ outcome }) => outcome.name === 'acknowledged').length
  const byWay = Object.entries(ways).map(
    ([name, { photos, tries }]) => `${photos} by ${name} in ${tries} tries`,
  )
  return [
    `seed ${seed}, ${engines}: ${findings.length === 0 ? 'nothing found' : `${findings.length} FINDINGS`} in ${Math.round(ms / 1000)} s${remark && ` (${remark})`}`,
    `  again     npm run chaos -- --clients --seed ${seed} --engines ${engines} --uploads ${uploads} --seconds ${seconds}`,
    `  hit       ${hitsOf(toll)}`,
    `  network   ${Object.entries(fates)
      .map(([fate, count]) => `${count} ${fate}`)
      .join(', ')}`,
    `  uploads   ${there} of ${uploads}: ${byWay.join(', ')}`,
    `  settled   ${(settled.ms / 1000).toFixed(1)} s after the last; ${settled.mended} photos mended by the sweep; let go ${letGo.objects} objects of direct uploads, ${letGo.strays} originals without a photo, ${letGo.ids} ids`,
    ...findings.slice(0, 20).map((finding) => `  FOUND     ${finding}`),
    ...(findings.length === 0 ? [] : [`  logs      ${report.home}`]),
  ].join('\n')
}
