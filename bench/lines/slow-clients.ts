import { ceph } from '../../scripts/services/ceph.ts'
import { startTemporarily } from '../../scripts/services/running-service.ts'
import type { Environment } from '../../scripts/services/service.ts'
import type { Bench } from '../bench.ts'
import { startDarkroom } from '../darkroom.ts'
import { isMeasurable } from '../installed.ts'
import { type Figure, type Line, value } from '../line.ts'
import { forgetPeak, residentBytes } from '../process-figures.ts'
import type { SlowQuestion } from '../processes/slow-clients.ts'
import { startScript } from '../script-process.ts'

const CLIENTS = 200
const QUICK_CLIENTS = 50
const SECONDS = 20
/** In MB, of each way. */
const LIMITS = [
  { way: 'form', below: 150 },
  { way: 'tus', below: 100 },
] as const

/** How much memory the API takes on while many slow clients upload at the same time; to S3 too where there is Ceph. */
export const slowClients: Line = {
  name: 'slow-clients',
  measure: async (bench) => {
    const figures: Figure[] = []
    for (const limit of LIMITS)
      figures.push(await measureRise(bench, { store: 'disk', engines: {}, ...limit }))
    if (!isMeasurable('slow uploads to S3', ceph)) return figures
    for (const limit of LIMITS) {
      // Each with a bucket of its own, as each has a database of its own.
      await using server = await startTemporarily(ceph)
      // The bench opens the store too, and the SDK's chain looks for credentials here.
      Object.assign(process.env, server.env)
      figures.push(await measureRise(bench, { store: 'S3', engines: server.env, ...limit }))
    }
    return figures
  },
}

async function measureRise(
  bench: Bench,
  { store, engines, way, below }: { store: string; engines: Environment; way: 'form' | 'tus'; below: number },
): Promise<Figure> {
  const photo = await bench.photo('photo of 12 MB')
  await using darkroom = await startDarkroom(bench, {
    workers: 0,
    engines: { ...engines, OWNER_UPLOADS_AT_ONCE: '1000' },
  })
  await using phones = startScript<SlowQuestion, number>('slow-clients.ts', [photo])
  const { url, token, api } = darkroom
  const pid = api.pid ?? 0

  // Code and caches that a first few uploads leave behind are no part of the rise.
  await phones.ask({ url, token, way, clients: 4, seconds: 0.5 })
  await forgetPeak(pid)
  const before = await residentBytes(pid)
  const clients = bench.rounds(8) < 8 ? QUICK_CLIENTS : CLIENTS
  const taken = await phones.ask({ url, token, way, clients, seconds: SECONDS })
  if (taken !== clients) throw new Error(`${taken} of ${clients} uploads were taken in`)
  const after = await residentBytes(pid)

  const rise = before && after ? (after.peak - before.now) / 1e6 : Number.NaN
  const what = `${clients} slow uploads ${way === 'tus' ? 'by tus ' : ''}to ${store}`
  return value(`rise of the API's memory, ${what}`, 'MB', rise, { below })
}
