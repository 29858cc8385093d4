import type { Random } from '../chaos/random.ts'
import type { OwnerId } from '../src/photo/shard.ts'

const FIRST_NAMES =
  'ada amir anouk ben bo cleo dara elif emil eva femi finn gita hana igor ines jun kaya kofi lars lea leo lin luz maya mina nils noor omar otis pia rania rosa sami tara theo uma vito yuki zoe'
const LAST_NAMES =
  'abe berg cruz diaz eze ford gray haas ito jain kim lund mori nash okoro park quist ruiz sato tran usman vega wolf yilmaz zhou'

/** So many there are names for. */
export const MOST_OWNERS = FIRST_NAMES.split(' ').length * LAST_NAMES.split(' ').length

/** Whose feed is shown. */
export const VIEWER = 'vera' as OwnerId

/** Who lives there, the best known first, and whom each of them and the viewer follow. */
export type Town = {
  owners: readonly OwnerId[]
  following: ReadonlyMap<OwnerId, readonly OwnerId[]>
  /** Who posts next: the better known, the more often. */
  next(): OwnerId
}

/** Most follow few, and most have few who follow them: of both there is a power law. */
export function townOf(size: number, random: Random): Town {
  const owners = names(random).slice(0, size)
  // Zipf's: the nth is drawn with a weight of 1/n.
  const sums: number[] = []
  for (const [rank] of owners.entries()) sums.push((sums.at(-1) ?? 0) + 1 / (rank + 1))
  const next = () => {
    const lot = random.between(0, sums.at(-1) ?? 0)
    return owners[sums.findIndex((sum) => sum > lot)] as OwnerId
  }
  const some = (count: number, viewer: OwnerId) => {
    const chosen = new Set<OwnerId>()
    for (let draw = 0; draw < 3 * count && chosen.size < count; draw++) chosen.add(next())
    chosen.delete(viewer)
    return [...chosen]
  }
  // Pareto's, with 15 on average.
  const many = () => Math.min(size / 3, 5 * random.between(0.001, 1) ** (-2 / 3))
  const following = new Map(owners.map((owner) => [owner, some(many(), owner)]))
  following.set(VIEWER, some(size / 8, VIEWER))
  return { owners, following, next }
}

function names(random: Random): OwnerId[] {
  const all = FIRST_NAMES.split(' ').flatMap((first) =>
    LAST_NAMES.split(' ').map((last) => `${first}.${last}` as OwnerId),
  )
  return random.shuffled(all)
}
