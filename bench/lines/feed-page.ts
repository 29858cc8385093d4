import { generateKeyPairSync } from 'node:crypto'
import { getSignedUrl } from '@aws-sdk/cloudfront-signer'
import { SignedCdn } from '../../src/delivery/signed-cdn.ts'
import { ToldPhotos } from '../../src/http/photo-reply.ts'
import { renditionKey } from '../../src/photo/object-keys.ts'
import type { Photo } from '../../src/photo/photo.ts'
import { firstIdAt } from '../../src/photo/photo-id.ts'
import { recipeDigest } from '../../src/photo/recipe.ts'
import { newSecret } from '../../src/photo/secret.ts'
import { OWNER } from '../darkroom.ts'
import { type Line, ratio } from '../line.ts'
import { compare, rateOf, type Side } from '../measure.ts'
import { READY } from '../renditions.ts'

const PHOTOS = 30
const PAGES_PER_ROUND = 2
const ROUNDS = 15

const ORIGIN = 'https://d111111abcdef8.cloudfront.net'
const KEY_PAIR_ID = 'K2JCJMDEHXQW5F'
const LIFE = { windowSeconds: 86_400, minLifeSeconds: 3600 }

/** The replies of a feed page whose photos were not signed before, against the SDK's signer once per URL. */
export const feedPage: Line = {
  name: 'feed-page',
  measure: async (bench) => {
    const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
    const pem = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
    const key = { keyPairId: KEY_PAIR_ID, privateKey, publicKey }
    const cdn = new SignedCdn({ ...LIFE, origin: ORIGIN, key })

    const audience = { viewer: OWNER, wishes: {}, cdn }
    const ours = (photos: readonly Photo[]) => new ToldPhotos(photos, audience).page()
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
    const comparison = await compare({ ours: side(ours), against: side(against) }, bench.rounds(ROUNDS))
    return [ratio(`feed page of ${PHOTOS} / the SDK's getSignedUrl`, 'pages/s', comparison, { atLeast: 20 })]
  },
}

/** Pages of photos that no page had before. */
function side(replies: (photos: readonly Photo[]) => unknown): Side {
  let photosMade = 0
  const newPage = () => Array.from({ length: PHOTOS }, () => readyPhoto(photosMade++))
  return async () => {
    const pages = Array.from({ length: PAGES_PER_ROUND }, newPage)
    return await rateOf(pages.length, () => pages.forEach(replies))
  }
}

function readyPhoto(index: number): Photo {
  return {
    id: firstIdAt(new Date(Date.UTC(2026, 0, 1, 0, 0, index))),
    owner: OWNER,
    status: 'ready',
    visibility: 'public',
    secret: newSecret(),
    alt: null,
    original: { format: 'jpeg', bytes: 3_500_000, sha256: '0'.repeat(64) },
    facts: { width: 4032, height: 3024, color: '#8a6f5b', thumbhash: '1QcSHQRnh493V4dIh4eXh1h4kJUI' },
    focus: null,
    look: null,
    edition: 0,
    wanted: null,
    renditions: READY.map(({ preset, format }) => ({
      preset: preset.name,
      format,
      digest: recipeDigest({ preset, format, look: null, edition: 0 }),
      width: 1080,
      height: 810,
      bytes: 100_000,
    })),
    failure: null,
  }
}
