import { expect, test } from 'vitest'
import { stepsOf } from '../../console/src/photo/history-steps.ts'

const happened = { visibility: 'public', timing: null, failure: null } as const

test('a photo tells when a worker began, which follows from what its work took', () => {
  const steps = stepsOf({
    photo: { addedAt: '2026-12-01T08:00:00.000Z' },
    events: [
      {
        ...happened,
        type: 'photo.ready',
        at: '2026-12-01T08:00:01.000Z',
        timing: { waitedMs: 700, developedMs: 300 },
      },
      { ...happened, type: 'photo.visibility', at: '2026-12-01T09:00:00.000Z', visibility: 'private' },
      { ...happened, type: 'photo.look', at: '2026-12-01T10:00:00.000Z' },
      { ...happened, type: 'photo.failed', at: '2026-12-01T11:00:00.000Z', failure: 'corrupt_photo' },
    ],
  })

  expect(
    steps.map(({ at, kind, tookMs, code }) => [new Date(at).toISOString().slice(11, 23), kind, tookMs, code]),
  ).toEqual([
    ['08:00:00.000', 'takenIn', null, null],
    ['08:00:00.700', 'began', 700, null],
    ['08:00:01.000', 'ready', 300, null],
    ['09:00:00.000', 'private', null, null],
    ['10:00:00.000', 'lookNotMade', null, null],
    ['11:00:00.000', 'failed', null, 'corrupt_photo'],
  ])
})
