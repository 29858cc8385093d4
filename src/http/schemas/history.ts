import { Type } from 'typebox'
import { PHOTO_EVENT_TYPES } from '../../catalog/events/photo-events.ts'
import { VISIBILITIES } from '../../photo/photo.ts'
import { photoReply, timingReply } from './photo.ts'
import { nullable, oneOf } from './types.ts'

const happened = Type.Object(
  {
    type: oneOf(PHOTO_EVENT_TYPES),
    at: Type.String({ format: 'date-time' }),
    visibility: oneOf(VISIBILITIES, 'That of the photo from then on.'),
    timing: timingReply('Of `photo.ready` and `photo.look`'),
    failure: nullable(Type.String({ description: 'Of `photo.failed`: the stable code.' })),
  },
  { title: 'Happening' },
)

const job = Type.Object(
  {
    kind: Type.String(),
    edition: nullable(Type.Integer({ description: 'Of a look or focus that was asked for.' })),
    state: oneOf(['pending', 'failed'], 'Pending: it waits, runs, or waits for its next attempt.'),
    code: nullable(Type.String({ description: 'What it failed with.' })),
    message: nullable(Type.String({ description: 'For an operator.' })),
  },
  { title: 'Photo job' },
)

const object = Type.Object(
  {
    key: Type.String({ description: 'In the store; where an original lies that is not ours.' }),
    contentType: nullable(Type.String()),
    bytes: nullable(Type.Integer()),
    isThere: nullable(Type.Boolean({ description: 'Null when the store does not say, or it is not ours.' })),
  },
  { title: 'Photo object' },
)

export const historyReply = Type.Object(
  {
    photo: photoReply,
    events: Type.Array(happened, {
      description: 'What happened to it, the oldest first: of a day at least. Its `addedAt` is before them.',
    }),
    jobs: nullable(Type.Array(job, { description: 'What there is to be done for it, and what failed.' })),
    objects: nullable(Type.Array(object)),
  },
  {
    title: 'Photo history',
    description: '`jobs` and `objects` are told to operators; they are null for others.',
  },
)
