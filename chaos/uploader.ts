import { createHash } from 'node:crypto'
import { Agent, request } from 'node:http'
import { json } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'
import type { FilterName } from '../src/photo/look/filter.ts'
import type { Focus } from '../src/photo/photo.ts'
import type { PhotoId } from '../src/photo/photo-id.ts'
import type { OwnerId } from '../src/photo/shard.ts'
import { askFor, type Edit, filterPhoto, GREY, MIDDLE, urlsOf, type Wish } from './owner.ts'
import { drawPicture, withComment } from './picture.ts'
import { createRandom, type Random } from './random.ts'

/** What one POST came to. A connection that was lost tells nothing: the photo may have been taken in. */
export type Outcome =
  | { name: 'unheard' }
  | { name: 'acknowledged'; id: PhotoId }
  | { name: 'refused'; status: number; code: string }
  | { name: 'unknown'; reason: string }

/**
 * One POST, and what its owner wanted after it was acknowledged. Each has bytes of its own, also when it is another try
 * of the same photo.
 */
export type Attempt = {
  number: number
  owner: OwnerId
  /** The look and the focus it was taken in with. */
  filter: FilterName | null
  focus: Focus | null
  sha256: string
  outcome: Outcome
  edits: readonly Edit[]
}

export type UploadPlan = {
  url: string
  tokenOf(owner: OwnerId): Promise<string>
  seed: number
  uploads: number
  /** Over which their beginnings are spread. */
  seconds: number
  /** From the first upload until what is not granted yet never will be. */
  giveUpAfterMs: number
  /** What its owner wants of a photo that was taken in. */
  wishes(random: Random): readonly Wish[]
  /** Told of each wish when it is first asked for, and when it was granted. */
  witness?: Witness
  stop: AbortSignal
}

export type Witness = { asks(id: PhotoId, wish: Wish): void; grant(id: PhotoId, wish: Wish): void }

export const OWNERS = ['ada', 'ben', 'cleo', 'dora', 'emil'] as OwnerId[]
const GREY_SHARE = 0.25

/** Far more than anything lasts: no upload is in flight any more when the last has ended. */
const IDLE_MS = 60_000
const TRY_AGAIN_MS = [100, 1_500] as const
const BOUNDARY = 'darkroom-chaos'

/** Uploads every photo until it is taken in, edits some, as an app does, and resolves with all attempts. */
export async function uploadAll(plan: UploadPlan): Promise<Attempt[]> {
  const attempts: Attempt[] = []
  const agent = new Agent({ keepAlive: true })
  const pace = createRandom(plan.seed, 'pace')
  const giveUpAt = performance.now() + plan.giveUpAfterMs
  const isOver = () => performance.now() > giveUpAt || plan.stop.aborted
  const starts = Array.from({ length: plan.uploads }, () => pace.between(0, plan.seconds * 1000))
  const upload = async (startsAfterMs: number, number: number) => {
    await sleep(startsAfterMs, undefined, { signal: plan.stop }).catch(() => {})
    const random = createRandom(plan.seed, `upload ${number}`)
    const owner = random.pick(OWNERS)
    const filter = random.between(0, 1) < GREY_SHARE ? GREY : null
    const asked = { number, owner, filter, focus: MIDDLE }
    const picture = await drawPicture(number)
    for (let attempt = 1; !isOver(); attempt++) {
      const file = withComment(picture, `seed ${plan.seed}, photo ${number}, attempt ${attempt}`)
      const sha256 = createHash('sha256').update(file).digest('hex')
      const token = await plan.tokenOf(owner)
      const outcome = await post(`${plan.url}/v1/photos`, token, slices(formOf(file, filter), random), agent)
      if (outcome.name === 'acknowledged') {
        const { id } = outcome
        const asOwner = {
          ask: async (wish: Wish) => await askFor(wish, plan.url, await plan.tokenOf(owner), id),
          urls: async () => await urlsOf(plan.url, await plan.tokenOf(owner), id),
          asks: (wish: Wish) => plan.witness?.asks(id, wish),
          isGranted: (wish: Wish) => plan.witness?.grant(id, wish),
        }
        const edits = await filterPhoto(plan.wishes(random), asOwner, random, isOver)
        attempts.push({ ...asked, sha256, outcome, edits })
        return
      }
      attempts.push({ ...asked, sha256, outcome, edits: [] })
      await sleep(random.between(...TRY_AGAIN_MS))
    }
  }
  await Promise.all(starts.toSorted((a, b) => a - b).map(upload))
  agent.destroy()
  return attempts
}

/** The focus keeps the middle in crops, where the picture has its number. */
function formOf(file: Buffer, filter: FilterName | null): Buffer {
  const part = (disposition: string, body: Buffer) =>
    Buffer.concat([
      Buffer.from(`--${BOUNDARY}\r\nContent-Disposition: form-data; ${disposition}\r\n\r\n`),
      body,
      Buffer.from('\r\n'),
    ])
  return Buffer.concat([
    ...(filter ? [part('name="filter"', Buffer.from(filter))] : []),
    part('name="focus"', Buffer.from(`${MIDDLE.x},${MIDDLE.y}`)),
    part('name="file"; filename="photo.jpg"', file),
    Buffer.from(`--${BOUNDARY}--\r\n`),
  ])
}

/** As a phone sends it: some in one go, most in pieces with pauses, so that a death finds uploads half-way. */
async function* slices(body: Buffer, random: Random): AsyncGenerator<Buffer> {
  const count = Math.ceil(random.between(0, 8))
  const length = Math.ceil(body.length / count)
  for (let start = 0; start < body.length; start += length) {
    if (start > 0) await sleep(random.between(0, 120))
    yield body.subarray(start, start + length)
  }
}

async function post(url: string, token: string, body: AsyncIterable<Buffer>, agent: Agent): Promise<Outcome> {
  const { promise, resolve } = Promise.withResolvers<Outcome>()
  const lose = (error: Error) => resolve(lossOf(error))
  const headers = {
    authorization: `Bearer ${token}`,
    'content-type': `multipart/form-data; boundary=${BOUNDARY}`,
  }
  const sent = request(url, { method: 'POST', agent, headers, timeout: IDLE_MS })
    .on('timeout', () => sent.destroy(new Error('no answer')))
    .on('error', lose)
    .on('response', (response) => {
      const status = response.statusCode ?? 0
      json(response).then((reply) => {
        const { id, code } = reply as { id: PhotoId; code: string }
        resolve(status === 201 ? { name: 'acknowledged', id } : { name: 'refused', status, code })
      }, lose)
    })
  for await (const slice of body) {
    if (sent.destroyed) break
    sent.write(slice)
  }
  sent.end()
  return await promise
}

function lossOf(error: Error): Outcome {
  const reason = 'code' in error ? String(error.code) : error.message
  return reason === 'ECONNREFUSED' ? { name: 'unheard' } : { name: 'unknown', reason }
}
