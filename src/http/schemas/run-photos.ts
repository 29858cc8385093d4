import { Type } from 'typebox'
import { PHOTO_ID_PATTERN } from '../../photo/photo-id.ts'
import { RENDITION_FORMAT_NAMES } from '../../photo/rendition-formats.ts'
import { photoReply } from './photo.ts'
import { nullable, oneOf } from './types.ts'

/** Ids, and numbers of lines. Below 2^63. */
export const NUMBER_PATTERN = '^(?:0|[1-9][0-9]{0,17}|[1-8][0-9]{18}|9[01][0-9]{17}|92[01][0-9]{16})$'
/** How far the last pair is apart, by the bits of its number, as no decimal has all of them; and its photo. */
export const PAIR_PATTERN = `^[0-9]{1,10}-${PHOTO_ID_PATTERN.slice(1)}`

export const runFailures = Type.Object(
  {
    failures: Type.Array(
      Type.Object({
        id: Type.String({ description: 'Of the photo; of an import the number of the line.' }),
        photo: nullable(photoReply),
        code: Type.String(),
        message: Type.String(),
        attempts: Type.Integer(),
        failedAt: Type.String({ format: 'date-time' }),
      }),
    ),
    next: nullable(Type.String({ pattern: NUMBER_PATTERN, description: 'Send it as `after` to get more.' })),
  },
  { title: 'Run failures' },
)

const side = Type.Object({
  preset: Type.String(),
  format: oneOf(RENDITION_FORMAT_NAMES),
  url: Type.String({ description: 'Signed for some minutes.' }),
  width: Type.Integer(),
  height: Type.Integer(),
  bytes: Type.Integer(),
})

export const runPairs = Type.Object(
  {
    pairs: Type.Array(
      Type.Object({
        id: Type.String(),
        owner: Type.String(),
        difference: Type.Number({
          description: 'The mean ΔE2000 of both from afar, or that of the rendition that is furthest away.',
        }),
        before: side,
        after: side,
      }),
    ),
    next: nullable(Type.String({ pattern: PAIR_PATTERN, description: 'Send it as `after` to get more.' })),
  },
  { title: 'Run pairs' },
)
