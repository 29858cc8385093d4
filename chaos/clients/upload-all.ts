import { createHash, randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { PhotoId } from '../../src/photo/photo-id.ts'
import { MIDDLE } from '../owner.ts'
import { drawPicture, withComment } from '../picture.ts'
import { createRandom } from '../random.ts'
import { type Attempt, OWNERS, type UploadPlan } from '../uploader.ts'
import { tus } from './tus.ts'
import {
  type Attempting,
  direct,
  type Network,
  type Photo,
  post,
  put,
  type Try,
  UnexpectedReplyError,
} from './ways.ts'

const WAYS: Record<string, (photo: Photo) => Attempting> = { put, post, direct, tus }
const TRY_AGAIN_MS = [100, 1_500] as const
/** How often an app begins once more before it has heard of the first. */
const IMPATIENT_SHARE = 0.15

export type Uploaded = {
  /** One for each photo: what came of all its tries. */
  attempts: readonly Attempt[]
  /** How many photos went each way, and how often they were tried. */
  ways: Record<string, { photos: number; tries: number }>
  findings: readonly string[]
}

/** Uploads every photo, by one way each, until the app is told that it is there. */
export async function uploadByAllWays(
  plan: Omit<UploadPlan, 'wishes' | 'url'>,
  network: Network,
): Promise<Uploaded> {
  const names = Object.keys(WAYS)
  const ways = Object.fromEntries(names.map((name) => [name, { photos: 0, tries: 0 }]))
  const attempts: Attempt[] = []
  const findings: string[] = []
  const pace = createRandom(plan.seed, 'pace')
  const giveUpAt = performance.now() + plan.giveUpAfterMs
  const isOver = () => performance.now() > giveUpAt || plan.stop.aborted
  const starts = Array.from({ length: plan.uploads }, () => pace.between(0, plan.seconds * 1000))

  const upload = async (startsAfterMs: number, number: number) => {
    await sleep(startsAfterMs, undefined, { signal: plan.stop }).catch(() => {})
    const random = createRandom(plan.seed, `client ${number}`)
    const owner = random.pick(OWNERS)
    const name = names[number % names.length] as string
    const bytes = withComment(await drawPicture(number), `seed ${plan.seed}, photo ${number}`)
    const photo = { bytes: bytes as Buffer<ArrayBuffer>, key: randomUUID(), token: await plan.tokenOf(owner) }
    const attempt = (WAYS[name] as (typeof WAYS)[string])(photo)
    const tallied = ways[name] as { photos: number; tries: number }
    tallied.photos += 1
    const sha256 = createHash('sha256').update(bytes).digest('hex')
    const note = (outcome: Attempt['outcome']) =>
      attempts.push({ number, owner, filter: null, focus: MIDDLE, sha256, outcome, edits: [] })
    while (!isOver()) {
      const count = random.between(0, 1) < IMPATIENT_SHARE ? 2 : 1
      tallied.tries += count
      const tries = await Promise.all(Array.from({ length: count }, () => attempt(network).catch(unexpected)))
      findings.push(
        ...tries.flatMap((one) => ('wrong' in one ? [`upload ${number}, by ${name}: ${one.wrong}`] : [])),
      )
      const ids = new Set(tries.flatMap((one) => ('id' in one ? [one.id] : [])))
      if (ids.size > 1) findings.push(`upload ${number}, by ${name}, is the photos ${[...ids].join(' and ')}`)
      const [id] = ids
      if (id !== undefined) return note({ name: 'acknowledged', id: id as PhotoId })
      if (tries.some((one) => 'wrong' in one)) break
      await sleep(random.between(...TRY_AGAIN_MS))
    }
    note({ name: 'unknown', reason: 'given up' })
  }
  await Promise.all(starts.toSorted((a, b) => a - b).map(upload))
  return { attempts, ways, findings }
}

function unexpected(error: unknown): Try | { wrong: string } {
  if (error instanceof UnexpectedReplyError) return { wrong: error.message }
  throw error
}
