import { type Static, Type } from 'typebox'
import { FORMAT_NAMES } from '../../photo/formats.ts'
import { PHOTO_STATUSES, VISIBILITIES } from '../../photo/photo.ts'
import { PHOTO_ID_PATTERN, SHORTCODE_PATTERN, WRITTEN_PHOTO_ID_PATTERN } from '../../photo/photo-id.ts'
import { RENDITION_FORMAT_NAMES } from '../../photo/rendition-formats.ts'
import { OWNER_ID_PATTERN, type OwnerId } from '../../photo/shard.ts'
import { CURSOR_PATTERN } from '../cursor.ts'
import { nullable, oneOf } from './types.ts'

/** Whose photos they are: the `sub` of a token, percent-encoded in paths. */
export const ownerSchema = Type.Unsafe<OwnerId>({ type: 'string', pattern: OWNER_ID_PATTERN })

export const photoParams = Type.Object({
  id: Type.String({ pattern: WRITTEN_PHOTO_ID_PATTERN, description: 'An id or a shortcode.' }),
})

const rendition = Type.Object({
  preset: Type.String({ description: 'One of `GET /v1/presets`, or one there was when the photo was made.' }),
  format: oneOf(RENDITION_FORMAT_NAMES),
  width: nullable(
    Type.Integer({
      description:
        'Null, as height and bytes are, of an adopted photo that nobody has looked at yet: it is made when its URL is first opened.',
    }),
  ),
  height: nullable(Type.Integer()),
  bytes: nullable(Type.Integer()),
  url: Type.Optional(Type.String({ description: 'Signed; works until `expiresAt`.' })),
  path: Type.Optional(Type.String({ description: 'With `urls=parts`, instead of `url`.' })),
})

const delivery = Type.Object(
  {
    origin: Type.String(),
    query: Type.String(),
    expiresAt: Type.String({ format: 'date-time' }),
  },
  {
    title: 'Delivery',
    description:
      'With `urls=parts`: the URL of a rendition is `origin`, `/`, its `path`, `?` and `query`. On a page, of the photos that have no `delivery` of their own, as private ones do.',
  },
)
export type DeliveryReply = Static<typeof delivery>

/** How long it took; null where nobody knows. */
export const timingReply = (of: string) =>
  nullable(
    Type.Object(
      {
        waitedMs: Type.Integer({
          description: "From intake, or from its owner's change, until a worker began.",
        }),
        developedMs: Type.Integer({ description: 'From then on until it was shown.' }),
      },
      { description: `${of}: what it took, in milliseconds. Null where a worker made nothing.` },
    ),
  )

const focus = nullable(Type.Object({ x: Type.Number(), y: Type.Number() }))

const look = {
  filter: nullable(Type.String({ description: 'One of `GET /v1/filters`.' })),
  strength: nullable(Type.Number()),
}

export const photoReply = Type.Object(
  {
    id: Type.String({
      pattern: PHOTO_ID_PATTERN,
      description: '64 bits in decimal digits; sorts by time when compared as a number.',
    }),
    shortcode: Type.String({
      pattern: SHORTCODE_PATTERN,
      description: 'The same id in 11 characters, for links people see.',
    }),
    owner: ownerSchema,
    status: oneOf(PHOTO_STATUSES),
    visibility: oneOf(VISIBILITIES),
    createdAt: Type.String({
      format: 'date-time',
      description: 'When it was posted: what feeds sort by.',
    }),
    addedAt: Type.String({
      format: 'date-time',
      description: 'When it was taken in: later than `createdAt` where it was imported.',
    }),
    alt: nullable(Type.String({ description: "What it shows, in words for those who can't see it." })),
    original: Type.Object({
      format: nullable(oneOf(FORMAT_NAMES, 'Null until an adopted photo is read for the first time.')),
      width: nullable(Type.Integer({ description: 'Upright, as displayed.' })),
      height: nullable(Type.Integer()),
      bytes: nullable(Type.Integer({ description: "The owner's alone; null for others, as `sha256` is." })),
      sha256: nullable(Type.String({ pattern: '^[0-9a-f]{64}$' })),
    }),
    color: nullable(Type.String({ pattern: '^#[0-9a-f]{6}$', description: 'Dominant colour, `#rrggbb`.' })),
    thumbhash: nullable(
      Type.String({ description: 'A 30-byte blurred preview, base64 (evanw.github.io/thumbhash).' }),
    ),
    focus,
    ...look,
    wanted: nullable(
      Type.Object(
        { ...look, focus },
        {
          description:
            'The look and the focus that were asked for last, while they are made. Null again when they are shown, or failed.',
        },
      ),
    ),
    renditions: Type.Array(rendition),
    delivery: Type.Optional(delivery),
    expiresAt: nullable(
      Type.String({ format: 'date-time', description: 'When the URLs stop working; ask again before.' }),
    ),
    timing: timingReply(
      'Told to its owner for a day at least, where one photo is asked for: of what it shows',
    ),
    failure: nullable(
      Type.Object(
        { code: Type.String(), message: Type.String() },
        { description: 'Why the photo failed, in words for its owner: a failed photo is a 404 for others.' },
      ),
    ),
  },
  { title: 'Photo' },
)
type RenditionReply<Place extends 'url' | 'path'> = Omit<Static<typeof rendition>, 'url' | 'path'> &
  Record<Place, string>
type Reply<Place extends 'url' | 'path'> = Omit<Static<typeof photoReply>, 'renditions'> & {
  renditions: RenditionReply<Place>[]
}
export type PhotoReply = Reply<'url'>
/** With `urls=parts`. */
export type PhotoReplyInParts = Reply<'path'>

const photos = { photos: Type.Array(photoReply), delivery: Type.Optional(delivery) }
export const photosReply = Type.Object(photos, { title: 'Photos' })
export const photoPageReply = Type.Object(
  {
    ...photos,
    next: nullable(
      Type.String({
        pattern: CURSOR_PATTERN,
        description: 'Send it as `before` to get older photos; null when there are none.',
      }),
    ),
    previous: nullable(
      Type.String({
        pattern: CURSOR_PATTERN,
        description: 'Send it as `after` to get newer photos; null when there are none.',
      }),
    ),
  },
  { title: 'Page of photos' },
)
