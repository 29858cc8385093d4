import type { PhotoReply } from '../src/http/schemas/photo.ts'
import type { Log } from '../src/log.ts'
import type { OwnerId } from '../src/photo/shard.ts'
import type { Services } from '../src/services.ts'
import { sweepRenditions } from '../src/sweep/earlier-renditions.ts'
import { sweepObjects } from '../src/sweep/sweep-objects.ts'
import { clearLeft } from '../src/sweep/take-down.ts'
import { account, checkOldUrls } from './account.ts'
import { lostAside } from './put-aside.ts'
import { openDesk } from './run-ledger.ts'
import type { Scene } from './storm.ts'
import type { Attempt } from './uploader.ts'

const DAY_MS = 24 * 3_600_000
/** What dies half-way leaves more than an ordinary day does. */
const SWEPT = { quarantineDays: 7, accepted: 1_000 }

export type Remains = Pick<Scene, 'config' | 'url' | 'tokenOf' | 'ledger'> & {
  services: Services
  attempts: readonly Attempt[]
  log: Log
}

/** When nothing is left to do: what is kept is there, and after the sweeps of the days to come nothing else is. */
export async function sweepAndAccount({ services, attempts, config, url, tokenOf, ledger, log }: Remains) {
  const inDays = (days: number) => ({ ...SWEPT, now: new Date(Date.now() + days * DAY_MS) })
  const lost = await lostKept(config, services)
  await sweepRenditions(services, log, inDays(40).now)
  await clearLeft(services, log, inDays(2).now)
  const find = async (id: string, owner: OwnerId) => {
    const headers = { authorization: `Bearer ${await tokenOf(owner)}` }
    return (await (await fetch(`${url}/v1/photos/${id}`, { headers })).json()) as PhotoReply
  }
  // Before the comparison of objects, which would put aside what a move has left.
  const leftByMoves = await checkOldUrls({ attempts, find }, (id, path) => ledger.isForgotten(id, path))
  const { quarantined, remade } = await sweepObjects(services, inDays(2), log)
  await sweepObjects(services, inDays(10), log)
  const findings = [
    ...lost,
    ...leftByMoves,
    ...(remade > 0 ? [`${remade} renditions were recorded and had no object`] : []),
    ...(await checkOldUrls({ attempts, find })),
    ...(await account({ services, attempts, find })),
  ]
  return { strays: quarantined, findings }
}

async function lostKept(config: Scene['config'], services: Services): Promise<string[]> {
  await using desk = await openDesk(config)
  return await lostAside(desk.shards, services)
}
