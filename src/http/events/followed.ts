import type { OwnerId } from '../../photo/shard.ts'

/** The hash of a name: 53 bits, others in each process, so that nobody can choose two names that have the same. */
export function hashOf(name: OwnerId): number {
  let [low, high] = SEED
  for (let n = 0; n < name.length; n++) {
    const code = name.charCodeAt(n)
    low = Math.imul(low ^ code, 0x9e3779b1)
    high = Math.imul(high ^ code, 0x5f356495)
  }
  low = mixed(low ^ (high >>> 15))
  high = mixed(high ^ (low >>> 13))
  return (high & 0x1fffff) * 2 ** 32 + (low >>> 0)
}

const SEED = crypto.getRandomValues(new Uint32Array(2)) as unknown as [number, number]

function mixed(bits: number): number {
  const once = Math.imul(bits ^ (bits >>> 16), 0x85ebca6b)
  const twice = Math.imul(once ^ (once >>> 13), 0xc2b2ae35)
  return twice ^ (twice >>> 16)
}

/** Whom a viewer follows, 8 bytes an owner: it is asked for each photo that is new, of each viewer who listens. */
export class Followed {
  readonly #hashes: Float64Array

  constructor(owners: readonly OwnerId[]) {
    this.#hashes = Float64Array.from(owners, hashOf).sort()
  }

  has(hash: number): boolean {
    const hashes = this.#hashes
    let [from, to] = [0, hashes.length]
    while (from < to) {
      const middle = (from + to) >>> 1
      if ((hashes[middle] as number) < hash) from = middle + 1
      else to = middle
    }
    return hashes[from] === hash
  }
}
