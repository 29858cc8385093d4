import { type Static, Type } from 'typebox'
import { PHOTO_EVENT_TYPES } from '../../catalog/events/photo-events.ts'
import { VISIBILITIES } from '../../photo/photo.ts'
import { PHOTO_ID_PATTERN } from '../../photo/photo-id.ts'
import { ownerSchema, timingReply } from './photo.ts'
import { nullable, oneOf } from './types.ts'

const common = {
  id: Type.String({
    pattern: PHOTO_ID_PATTERN,
    description: 'The same whenever the event is told again. Those of one owner go up as things happen.',
  }),
  photo: Type.String({ pattern: PHOTO_ID_PATTERN }),
  owner: ownerSchema,
  timestamp: Type.String({ format: 'date-time', description: 'When it happened.' }),
}

/** What happened to a photo, as its owner is told. */
export const ownEvent = Type.Object(
  {
    ...common,
    type: oneOf(PHOTO_EVENT_TYPES),
    visibility: oneOf(VISIBILITIES, 'That of the photo from then on; of a deleted one until then.'),
    failure: nullable(
      Type.String({ description: 'Of `photo.failed`: the stable code that the photo has, too.' }),
    ),
    timing: timingReply('Of `photo.ready` and `photo.look`'),
  },
  { title: 'Photo event' },
)
export type OwnEvent = Static<typeof ownEvent>

/** A photo that is new to those who follow its owner. */
export const feedEvent = Type.Object({ ...common, type: Type.Literal('feed.new') }, { title: 'Feed event' })
export type FeedEvent = Static<typeof feedEvent>

/** The stream can't go on where the client was. */
export const resetEvent = Type.Object({ type: Type.Literal('reset') }, { title: 'Reset event' })

export const streamedEvent = Type.Union([ownEvent, feedEvent, resetEvent], { title: 'Streamed event' })
