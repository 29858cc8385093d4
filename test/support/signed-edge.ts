import type { KeyObject } from 'node:crypto'
import { renditionKey } from '../../src/photo/object-keys.ts'
import type { PhotoId } from '../../src/photo/photo-id.ts'
import { KEY, ORIGIN } from './edge.ts'
import { placeOf } from './place.ts'

/** When the tests of the edge are played. */
export const NOW = Date.parse('2026-11-21T08:00:00Z')
export const NOW_S = NOW / 1000

export const PHOTO = '764879989359635463' as PhotoId
export const PLACE = placeOf(PHOTO)
export const FEED = renditionKey(PLACE, { preset: 'feed', format: 'webp', digest: '0a1b2c3d' })
export const TARGET = `/${FEED}`

export const until = (expires: unknown) => ({ DateLessThan: { 'AWS:EpochTime': expires } })
export const policyOf = (Condition: unknown, Resource = `${ORIGIN}/public/*`) =>
  JSON.stringify({ Statement: [{ Resource, Condition }] })

export const pem = (key: KeyObject) => key.export({ type: 'pkcs8', format: 'pem' }) as string

/** As the AWS signer wants them. */
export const AWS_KEY = { keyPairId: KEY.keyPairId, privateKey: pem(KEY.privateKey) }
export const AWS = { ...AWS_KEY, url: ORIGIN + TARGET, dateLessThan: new Date(NOW + 60_000) }
