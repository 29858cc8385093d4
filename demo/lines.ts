import type { Photo } from '../clients/typescript/src/darkroom-client.ts'
import { ageOf, type View } from './view.ts'

const LIMIT = 30

/** A line for each photo that comes into the feed or leaves it, where there is no terminal to draw on. */
export function lines(print: (line: string) => void): View {
  let known: readonly Photo[] = []
  return {
    limit: () => LIMIT,
    tell: () => {},
    show: ({ photos, ms }, life) => {
      const [before, now] = [idsOf(known), idsOf(photos)]
      const time = new Date().toLocaleTimeString('en-GB')
      const line = (sign: string, { owner, alt }: Photo, what: string) =>
        print(`${time}  ${sign} ${owner.padEnd(12)}  ${(alt ?? '').padEnd(28)}  ${what}`)
      // What is older than the last has made room for others.
      const last = photos.length === LIMIT ? photos.at(-1) : undefined
      for (const photo of known)
        if (!now.has(photo.id) && (!last || isNewer(photo, last))) line('-', photo, life.whyGone(photo))
      for (const photo of photos.toReversed())
        if (!before.has(photo.id))
          line('+', photo, `posted ${ageOf(photo)} ago, page of ${photos.length} in ${ms.toFixed(1)} ms`)
      known = photos
    },
    [Symbol.dispose]: () => {},
  }
}

const idsOf = (photos: readonly Photo[]) => new Set(photos.map(({ id }) => id))

const isNewer = (photo: Photo, last: Photo) => Date.parse(photo.createdAt) > Date.parse(last.createdAt)
