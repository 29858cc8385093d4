import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { InvalidPhotoIdError } from '../src/errors.ts'
import {
  addedAt,
  EPOCH_MS,
  firstIdAt,
  type PhotoId,
  parsePhotoId,
  shardOf,
  shortcodeOf,
} from '../src/photo/photo-id.ts'
import { type OwnerId, shardOfOwner } from '../src/photo/shard.ts'

/** Ids from an hour after the epoch to the last ones that are taken, of October 2058. */
const photoId = fc
  .record({
    ms: fc.bigInt(3_600_000n, (9_219_999_999_999_999_999n >> 23n) - 1n),
    shard: fc.bigInt(0n, 8191n),
    sequence: fc.bigInt(0n, 1023n),
  })
  .map(({ ms, shard, sequence }) => ({
    id: String((ms << 23n) | (shard << 10n) | sequence) as PhotoId,
    ms: Number(ms),
    shard: Number(shard),
  }))

describe('a photo id', () => {
  test('tells its time and its shard', () => {
    fc.assert(
      fc.property(photoId, ({ id, ms, shard }) => {
        expect(addedAt(id).getTime()).toBe(EPOCH_MS + ms)
        expect(shardOf(id)).toBe(shard)
      }),
    )
  })

  test('is read from its digits and from its shortcode alike', () => {
    fc.assert(
      fc.property(photoId, ({ id }) => {
        expect(shortcodeOf(id)).toMatch(/^[\w-]{11}$/)
        expect(parsePhotoId(id)).toBe(id)
        expect(parsePhotoId(shortcodeOf(id))).toBe(id)
      }),
    )
  })

  test('is not younger than the first id of its time, nor as young as that of the next millisecond', () => {
    fc.assert(
      fc.property(photoId, ({ id }) => {
        const time = addedAt(id)

        expect(BigInt(firstIdAt(time)) <= BigInt(id)).toBe(true)
        expect(BigInt(firstIdAt(new Date(time.getTime() + 1))) > BigInt(id)).toBe(true)
      }),
    )
  })

  test('is refused by an error for clients when it is anything else', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.string({ unit: 'binary' }), fc.bigInt().map(String)), (text) => {
        try {
          expect(BigInt(parsePhotoId(text)) < 2n ** 63n).toBe(true)
        } catch (error) {
          expect(error).toBeInstanceOf(InvalidPhotoIdError)
        }
      }),
    )
    for (const text of [
      '9223372036854775808',
      '9220000000000000000',
      'gAAAAAAAAAA',
      'AAAAAAAAAAB',
      '0123456789012',
    ]) {
      expect(() => parsePhotoId(text)).toThrow(InvalidPhotoIdError)
    }
    expect(() => parsePhotoId('..........')).toThrow(InvalidPhotoIdError)
  })

  test('is as documented', () => {
    const id = parsePhotoId('764879989359635463')

    expect(shortcodeOf(id)).toBe('Cp1mTD2V7Ac')
    expect(addedAt(id).toISOString()).toBe('2026-11-21T08:00:00.123Z')
    expect(shardOf(id)).toBe(shardOfOwner('alice' as OwnerId))
    expect(shardOf(id)).toBe(1403)
  })
})

test('owners are spread over all shards', () => {
  const shards = new Set(
    Array.from({ length: 100_000 }, (_, index) => shardOfOwner(`owner-${index}` as OwnerId)),
  )

  expect(shards.size).toBe(8192)
})
