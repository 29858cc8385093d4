import { generateKeyPairSync } from 'node:crypto'
import { getSignedUrl } from '@aws-sdk/cloudfront-signer'
import { SignedCdn } from '../../src/delivery/signed-cdn.ts'
import { ownFilters } from '../../src/filters/filter-book.ts'
import { ToldPhotos } from '../../src/http/replies/photo-reply.ts'
import { renditionKey } from '../../src/photo/object-keys.ts'
import type { Photo } from '../../src/photo/photo.ts'
import type { OwnerId } from '../../src/photo/shard.ts'
import { feedPhoto } from '../feed-photos.ts'
import { type Line, ratio, value } from '../line.ts'
import { compare, rateOf, type Side } from '../measure.ts'
import { pageBytes } from '../page-bytes.ts'

const PHOTOS = 30
/** In a round, so that either side takes long enough to be measured. */
const PAGES = { ours: 60, against: 2 }
const ROUNDS = 15

const ORIGIN = 'https://d111111abcdef8.cloudfront.net'
const KEY_PAIR_ID = 'K2JCJMDEHXQW5F'
const LIFE = { windowSeconds: 86_400, minLifeSeconds: 3600 }

/** What an app that lays out a grid and a feed needs of a page. */
const LEAN = 'presets=thumb,feed&formats=avif,jpeg&urls=parts'

/**
 * A page of photos that nobody has seen, for a viewer who comes for the first time today: made, against the SDK's signer
 * once per URL, and its bytes on the wire.
 */
export const feedPage: Line = {
  name: 'feed-page',
  measure: async (bench) => {
    const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
    const pem = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
    const cdn = new SignedCdn({
      ...LIFE,
      origin: ORIGIN,
      key: { keyPairId: KEY_PAIR_ID, privateKey, publicKey },
    })

    const recipes = { presets: [], filters: ownFilters() }
    let viewers = 0
    const ours = (photos: readonly Photo[]) =>
      new ToldPhotos(photos, { viewer: `viewer-${viewers++}` as OwnerId, wishes: {}, cdn, recipes }).page()
    const against = (photos: readonly Photo[]) => {
      const dateLessThan = new Date(Date.now() + LIFE.windowSeconds * 1000)
      return photos.map((photo) =>
        photo.renditions.map((rendition) =>
          getSignedUrl({
            url: `${ORIGIN}/${renditionKey(photo, rendition)}`,
            keyPairId: KEY_PAIR_ID,
            privateKey: pem,
            dateLessThan,
          }),
        ),
      )
    }
    const comparison = await compare(
      { ours: side(ours, PAGES.ours), against: side(against, PAGES.against) },
      bench.rounds(ROUNDS),
    )
    const whole = await pageBytes(newPage(), cdn, '', 'br')
    const lean = await pageBytes(newPage(), cdn, LEAN, 'br')
    return [
      ratio(`feed page of ${PHOTOS} / the SDK's getSignedUrl`, 'pages/s', comparison, { atLeast: 200 }),
      value(`page of ${PHOTOS}, all renditions, on the wire`, 'kB', whole / 1000, { below: 8 }),
      value(`the same, ${LEAN}`, 'kB', lean / 1000, { below: 3 }),
    ]
  },
}

let photosMade = 0
const newPage = () => Array.from({ length: PHOTOS }, () => feedPhoto(photosMade++))

/** Pages of photos that no page had before. */
function side(replies: (photos: readonly Photo[]) => unknown, count: number): Side {
  return async () => {
    const pages = Array.from({ length: count }, newPage)
    return await rateOf(pages.length, () => pages.forEach(replies))
  }
}
