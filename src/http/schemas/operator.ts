import { Type } from 'typebox'
import { PHOTO_ID_PATTERN } from '../../photo/photo-id.ts'
import { LANES } from '../../queue/job.ts'
import { nullable, oneOf } from './types.ts'

/** When it failed, in ms, and its key. */
export const FAILED_PLACE_PATTERN = '^[0-9]{1,15}-[a-z]+(?:-[0-9]{1,19}){1,2}$'

const asOf = Type.String({ format: 'date-time', description: 'When it was counted.' })
const count = Type.Integer({ minimum: 0 })

const counts = {
  waiting: count,
  active: count,
  delayed: Type.Integer({
    minimum: 0,
    description: 'They wait for their next attempt, or for an engine that is unavailable.',
  }),
  failed: Type.Integer({ minimum: 0, description: 'For good; kept for 30 days.' }),
}

const lane = Type.Object(
  {
    ...counts,
    oldestWaitingAt: nullable(
      Type.String({
        format: 'date-time',
        description: 'Since when the one waits that waits longest; null when none waits.',
      }),
    ),
  },
  { title: 'Lane' },
)

export const jobsReply = Type.Object(
  {
    lanes: Type.Object({ live: lane, batch: lane }),
    kinds: nullable(
      Type.Array(Type.Object({ lane: oneOf(LANES), kind: Type.String(), ...counts }), {
        description: 'Those of which there are jobs; null when there are too many to tell them by kind.',
      }),
    ),
    asOf,
  },
  { title: 'Jobs' },
)

const failedJob = Type.Object(
  {
    lane: oneOf(LANES),
    kind: Type.String(),
    photo: Type.String({ pattern: PHOTO_ID_PATTERN }),
    code: Type.String(),
    message: Type.String({ description: 'For an operator.' }),
    attempts: Type.Integer(),
    failedAt: Type.String({ format: 'date-time' }),
  },
  { title: 'Failed job' },
)

export const failedJobsReply = Type.Object(
  {
    codes: Type.Array(Type.Object({ code: Type.String(), count }), {
      description: 'Of all codes, the most frequent first.',
    }),
    jobs: Type.Array(failedJob),
    next: nullable(
      Type.String({ pattern: FAILED_PLACE_PATTERN, description: 'Send it as `after` to get more.' }),
    ),
    asOf,
  },
  { title: 'Failed jobs' },
)

export const retriedReply = Type.Object(
  { retried: count, hasMore: Type.Boolean({ description: 'Ask again: there are more of them.' }) },
  { title: 'Retried jobs' },
)

export const statsReply = Type.Object(
  {
    storage: nullable(
      Type.Object(
        {
          photos: count,
          objects: count,
          bytes: Type.Integer({ minimum: 0, description: 'Of originals that are ours, and of renditions.' }),
          originalBytes: count,
          renditionBytes: count,
          asOf,
        },
        { description: 'Null until all objects were compared with the catalog for the first time.' },
      ),
    ),
    ready: Type.Array(
      Type.Object({
        at: Type.String({ format: 'date-time', description: 'The beginning of a minute.' }),
        photos: count,
        p50Ms: Type.Integer({
          description: 'Half of them took no longer, from intake until they were ready.',
        }),
        p95Ms: Type.Integer(),
      }),
      { description: 'The minutes of the last hour in which photos became ready.' },
    ),
    asOf,
  },
  { title: 'Stats' },
)
