import { setTimeout as sleep } from 'node:timers/promises'
import type { OwnerId } from '../../src/photo/shard.ts'
import type { Random } from '../random.ts'
import { Fact } from './fact.ts'

const BETWEEN_MS = [300, 3_000] as const
const TRY_AGAIN_MS = [100, 1_000] as const
const ANSWER_MS = 60_000
/** Of all changes, so many set all of whom the viewer follows. */
const SET_SHARE = 0.25
const FOLLOWED_SHARE = 0.7

export type FollowerOptions = {
  url: string
  viewer: OwnerId
  /** Whom there is to follow. */
  owners: readonly OwnerId[]
  tokenOf(owner: OwnerId): Promise<string>
  random: Random
  /** Follows all of them, and does not change that. */
  isSteady: boolean
}

/** Follows owners and does so no more, one change after the other, each asked for until it is granted. */
export class Follower {
  readonly findings: string[] = []
  readonly #options: FollowerOptions
  readonly #facts: ReadonlyMap<OwnerId, Fact>
  #followed: ReadonlySet<OwnerId> = new Set()
  #changes = 0

  constructor(options: FollowerOptions) {
    this.#options = options
    this.#facts = new Map(options.owners.map((owner) => [owner, new Fact(false)]))
  }

  /** How many were granted. */
  get changes(): number {
    return this.#changes
  }

  /** Whether the viewer followed the owner all that time; null when nobody knows. */
  follows(owner: OwnerId, from: number, to: number): boolean | null {
    return this.#facts.get(owner)?.throughout(from, to) ?? null
  }

  async until(stop: AbortSignal): Promise<void> {
    const { random, owners, isSteady } = this.#options
    if (isSteady) return await this.#become(new Set(owners), null, stop)
    const some = () => new Set(owners.filter(() => random.between(0, 1) < FOLLOWED_SHARE))
    await this.#become(some(), null, stop)
    while (!stop.aborted) {
      await sleep(random.between(...BETWEEN_MS), undefined, { signal: stop }).catch(() => {})
      if (stop.aborted) return
      const one = random.pick(owners)
      if (random.between(0, 1) < SET_SHARE) await this.#become(some(), null, stop)
      else await this.#become(this.#followed.symmetricDifference(new Set([one])), one, stop)
    }
  }

  /** Until these are followed and no others; `one` is the only one that changes. */
  async #become(wanted: ReadonlySet<OwnerId>, one: OwnerId | null, stop: AbortSignal): Promise<void> {
    const { random } = this.#options
    const changed = [...this.#followed.symmetricDifference(wanted)]
    for (const owner of changed) this.#facts.get(owner)?.ask()
    for (;;) {
      const status = await this.#ask(wanted, one)
      if (status >= 200 && status < 300) break
      if (status !== 0 && status !== 503)
        this.findings.push(`a change of whom one follows was answered with ${status}`)
      if (stop.aborted) return
      await sleep(random.between(...TRY_AGAIN_MS))
    }
    for (const owner of changed) this.#facts.get(owner)?.grant(wanted.has(owner))
    this.#followed = wanted
    this.#changes += 1
  }

  /** What it was answered with; 0 is a connection that was lost. */
  async #ask(wanted: ReadonlySet<OwnerId>, one: OwnerId | null): Promise<number> {
    const { url, viewer, tokenOf } = this.#options
    const headers = { authorization: `Bearer ${await tokenOf(viewer)}`, 'content-type': 'application/json' }
    const all = { method: 'PUT', body: JSON.stringify({ owners: [...wanted] }) }
    const ask = one === null ? all : { method: wanted.has(one) ? 'PUT' : 'DELETE' }
    const path = one === null ? '/v1/following' : `/v1/following/${one}`
    try {
      const reply = await fetch(url + path, { ...ask, headers, signal: AbortSignal.timeout(ANSWER_MS) })
      await reply.arrayBuffer()
      return reply.status
    } catch {
      return 0
    }
  }
}
