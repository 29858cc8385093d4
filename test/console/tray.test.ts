import type { Photo, PhotoEvent, QueuedUpload } from 'darkroom-client'
import { describe, expect, test } from 'vitest'
import { Pace } from '../../console/src/develop/pace.ts'
import { mayHelpToRetry, problemWords } from '../../console/src/develop/problem-words.ts'
import { Settled } from '../../console/src/develop/settled.ts'
import { isOf, isThere, itemOfUpload, type TrayItem, withPhoto } from '../../console/src/develop/tray-item.ts'
import { wholePresets } from '../../console/src/photos/whole-presets.ts'
import { de } from '../../console/src/words/de.ts'
import { en } from '../../console/src/words/en.ts'
import {
  CorruptPhotoError,
  EmptyFileError,
  PhotoTooLargeError,
  TooManyPixelsError,
  UnsupportedFormatError,
  UnsupportedPhotoError,
} from '../../src/errors.ts'

function item(change: Partial<TrayItem> = {}): TrayItem {
  const upload = { key: 'a', name: 'a.jpg', total: 9, modifiedAt: 1, state: 'waiting', sent: 0, sentMs: 0 }
  return { ...itemOfUpload(upload as QueuedUpload), ...change }
}

function photo(change: Partial<Photo>): Photo {
  return { id: '1', status: 'ready', timing: null, failure: null, renditions: [], ...change } as Photo
}

const event = (change: Partial<PhotoEvent>) =>
  ({
    type: 'photo.ready',
    photo: '1',
    timing: { waitedMs: 3, developedMs: 4 },
    failure: null,
    ...change,
  }) as PhotoEvent

describe('what failed', () => {
  test.each([
    ['English', en],
    ['German', de],
  ])('has words of ours in %s for all that a file itself may be to blame for', (_language, { develop }) => {
    const errors = [
      new CorruptPhotoError(),
      new EmptyFileError(),
      new PhotoTooLargeError(1),
      new TooManyPixelsError(2, 1),
      new UnsupportedFormatError(null),
      new UnsupportedPhotoError('a raw file'),
    ]
    for (const { code, message } of errors) {
      expect(problemWords({ code, message }, develop).what).not.toBe(message)
      expect(mayHelpToRetry({ code, message })).toBe(false)
    }
  })

  test('for a reason that we have no words for says what the server says', () => {
    expect(problemWords({ code: 'new_one', message: 'It is so.' }, en.develop).what).toBe('It is so.')
    expect(problemWords({ code: 'toString', message: '' }, en.develop)).toEqual(en.develop.problems.other)
  })
})

describe('a photo of the tray', () => {
  test('that is chosen once more is no second photo, unless it failed or its bytes are missing', () => {
    const file = { name: 'a.jpg', size: 9, lastModified: 1 }

    expect(isThere([item({ state: 'developed' })])(file)).toBe(true)
    expect(isThere([item({ state: 'failed' }), item({ state: 'missing' })])(file)).toBe(false)
    expect(isThere([item()])({ ...file, size: 8 })).toBe(false)
  })

  test('is shown by one of three filters, besides all', () => {
    const states = ['waiting', 'sending', 'missing', 'developing', 'developed', 'failed'] as const
    for (const state of states) {
      const filters = (['underway', 'developed', 'failed'] as const).filter((filter) =>
        isOf(filter, item({ state })),
      )
      expect(filters).toHaveLength(1)
    }
  })

  test('is developed when an event says so, before or after the answer to its upload, or when it is asked for', async () => {
    for (const way of ['before', 'after', 'asked'] as const) {
      const items = new Map([['a', item()]])
      const settled = new Settled({
        items,
        change: (next) => void items.set(next.key, next),
        photos: async () => [photo({ timing: { waitedMs: 3, developedMs: 4 } })],
      })
      if (way === 'before') settled.hear(event({}))
      items.set('a', withPhoto(item(), photo({ status: 'processing' }), 0))
      settled.uploaded('1', 'a')
      if (way === 'after') settled.hear(event({}))
      if (way === 'asked') settled.hear({ type: 'reset' })

      await expect
        .poll(() => items.get('a'))
        .toMatchObject({ state: 'developed', timing: { waitedMs: 3, developedMs: 4 } })
    }
  })

  test('that could not be developed says why', () => {
    const items = new Map([['a', withPhoto(item(), photo({ status: 'processing' }), 0)]])
    const change = (next: TrayItem) => void items.set(next.key, next)
    const settled = new Settled({ items, change, photos: async () => [] })
    settled.uploaded('1', 'a')
    settled.hear(event({ type: 'photo.failed', failure: 'corrupt_photo', timing: null }))

    expect(items.get('a')).toMatchObject({ state: 'failed', problem: { code: 'corrupt_photo' } })
  })

  test('is shown whole, by presets that do not crop it, if there are some', () => {
    const original = { width: 4000, height: 3000 } as Photo['original']
    const renditions = [
      { preset: 'thumb', format: 'jpeg', width: 480, height: 480 },
      { preset: 'small', format: 'jpeg', width: 320, height: 240 },
      { preset: 'later', format: 'avif', width: null, height: null },
    ] as Photo['renditions']

    expect(wholePresets(photo({ original, renditions }))).toEqual(['small'])
    expect(wholePresets(photo({ original, renditions: renditions.slice(0, 1) }))).toEqual(['thumb'])
  })
})

describe('the pace of uploads', () => {
  test('is that of the last seconds, and told when there is enough to tell', () => {
    const pace = new Pace()
    pace.add(0, 0)
    pace.add(1_000, 5_000_000)
    expect(pace.bytesPerSecond).toBeNull()

    for (let at = 2; at <= 20; at++) pace.add(at * 1_000, 5_000_000 + at * 1_000_000)
    expect(pace.bytesPerSecond).toBeCloseTo(1_000_000)
    pace.add(21_000, 0)
    expect(pace.bytesPerSecond).toBeNull()
  })
})
