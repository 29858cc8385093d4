import { type Static, Type } from 'typebox'
import { FORMAT_NAMES } from '../photo/formats.ts'
import { MAX_ALT, PHOTO_STATUSES, VISIBILITIES, type Visibility } from '../photo/photo.ts'
import { PHOTO_ID_PATTERN, SHORTCODE_PATTERN, WRITTEN_PHOTO_ID_PATTERN } from '../photo/photo-id.ts'
import type { Preset } from '../photo/presets.ts'
import { RENDITION_FORMAT_NAMES } from '../photo/rendition-formats.ts'
import { OWNER_ID_PATTERN, type OwnerId } from '../photo/shard.ts'
import { CURSOR_PATTERN } from './cursor.ts'

/** What the API says, once: requests are checked and replies serialised by these, OpenAPI is made of them. */
export const oneOf = <Word extends string>(words: readonly Word[], description?: string) =>
  Type.Unsafe<Word>({ type: 'string', enum: words, ...(description && { description }) })

const nullable = <Schema extends object>(schema: Schema & Parameters<typeof Type.Union>[0][number]) =>
  Type.Union([schema, Type.Null()])

const FRACTION = '(?:0|1|0?\\.[0-9]{1,18}|1\\.0{1,18})'
const FOCUS_PATTERN = `^${FRACTION}, ?${FRACTION}$`

/** Whose photos they are: the `sub` of a token, percent-encoded in paths. */
export const ownerSchema = Type.Unsafe<OwnerId>({ type: 'string', pattern: OWNER_ID_PATTERN })

const rendition = Type.Object({
  preset: Type.String({ description: 'One of `GET /v1/presets`, or one there was when the photo was made.' }),
  format: oneOf(RENDITION_FORMAT_NAMES),
  width: Type.Integer(),
  height: Type.Integer(),
  bytes: Type.Integer(),
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

const list = <Word extends string>(words: readonly Word[], description: string) =>
  Type.Optional(Type.Array(oneOf(words), { minItems: 1, style: 'form', explode: false, description }))

/** Ids or shortcodes, separated by commas. */
export const idsSchema = Type.Array(Type.String({ pattern: WRITTEN_PHOTO_ID_PATTERN }), {
  minItems: 1,
  maxItems: 100,
  style: 'form',
  explode: false,
  description: '1 to 100 ids or shortcodes, separated by commas',
})

/** What clients may ask of the renditions in any reply that has photos. */
export const renditionWishes = (presets: readonly Preset[]) => ({
  presets: list(
    presets.map(({ name }) => name),
    'Only renditions of these of `GET /v1/presets`, separated by commas.',
  ),
  formats: list(RENDITION_FORMAT_NAMES, 'Only renditions in these, separated by commas.'),
  urls: Type.Optional(
    oneOf(
      ['full', 'parts'],
      '`parts`: what all URLs have alike is told once, in `delivery`. Default: `full`.',
    ),
  ),
})
export const renditionWishesQuery = (presets: readonly Preset[]) =>
  Type.Object(renditionWishes(presets), { additionalProperties: false })
export type RenditionWishes = Static<ReturnType<typeof renditionWishesQuery>>

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
      format: oneOf(FORMAT_NAMES),
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

export const cookiesReply = Type.Object({
  origin: Type.String(),
  prefix: Type.String({ description: 'What every path begins with that the cookies open.' }),
  expiresAt: Type.String({ format: 'date-time' }),
})

export const photoParams = Type.Object({
  id: Type.String({ pattern: WRITTEN_PHOTO_ID_PATTERN, description: 'An id or a shortcode.' }),
})

/** A reply that says by its entity tag whether the client has it already. */
export const tagged = <Schema extends object>(schema: Schema) => ({
  ...schema,
  headers: {
    etag: { type: 'string', description: 'Send it as `If-None-Match` to be told when nothing has changed.' },
  },
})

export const notModified = tagged(
  Type.Null({ description: 'The client has it: it is what `If-None-Match` names.' }),
)

/** A route that takes nothing in its query says so, instead of ignoring what was meant to do something. */
export const noQuery = Type.Object({}, { additionalProperties: false })

export const preferWait = Type.Object({
  prefer: Type.Optional(
    Type.String({
      description: '`wait=N` (RFC 7240): answer when it is done, or after N seconds (60 at most).',
    }),
  ),
})

/** What `Prefer` was heeded with. */
export const preferenceApplied = {
  'preference-applied': { type: 'string', description: 'The `wait=N` that was heeded.' },
} as const

const strength = Type.Number({ minimum: 0, maximum: 1, default: 1, description: 'a number from 0 to 1' })

const ALT_RULE = `a text of ${MAX_ALT} characters at most, in which no character is NUL`

/** What an upload and a change say of what a photo shows. */
const alt = Type.String({
  maxLength: MAX_ALT,
  description: ALT_RULE,
  pattern: '^[^\\u0000]*$',
})

const fraction = Type.Number({ minimum: 0, maximum: 1 })

/** What is told anew of a photo that is there; what is left out stays. */
export const photoChange = Type.Object(
  {
    visibility: Type.Optional(oneOf(VISIBILITIES)),
    focus: Type.Optional(
      Type.Union([Type.Object({ x: fraction, y: fraction }, { additionalProperties: false }), Type.Null()], {
        description:
          'null, or { "x", "y" }: two numbers from 0 to 1, from the top left, which crops keep in sight',
      }),
    ),
    alt: Type.Optional(Type.Union([alt, Type.Null()], { description: `null, or ${ALT_RULE}` })),
  },
  { additionalProperties: false },
)

/** A look by its name, of those there are, and how much of it. */
export function lookSchema(filterNames: readonly string[]) {
  return { filter: oneOf(filterNames), strength: Type.Optional(strength) }
}

/** What an upload says of its photo. In a form and in a query all of it is text. */
export function uploadFields(filterNames: readonly string[]) {
  const { filter, strength } = lookSchema(filterNames)
  return Type.Object(
    {
      filter: Type.Optional(filter),
      strength: Type.Optional(strength),
      visibility: Type.Optional(
        Type.Unsafe<Visibility>({ type: 'string', enum: VISIBILITIES, default: 'public' }),
      ),
      focus: Type.Optional(
        Type.String({
          pattern: FOCUS_PATTERN,
          description:
            'two numbers from 0 to 1, such as 0.5,0.3: x and y from the top left, which crops keep in sight',
        }),
      ),
      alt: Type.Optional(alt),
    },
    { additionalProperties: false, dependentRequired: { strength: ['filter'] } },
  )
}

export const filtersReply = Type.Object({
  filters: Type.Array(
    Type.Object({
      name: Type.String(),
      title: Type.String(),
      description: Type.String(),
      cube: Type.String({ description: 'Path of its colour table as a `.cube` file.' }),
      hald: Type.String({ description: 'Path of its colour table as a HALD picture.' }),
    }),
  ),
})

export const healthReply = Type.Object({ status: Type.Literal('alive') })

const engineState = oneOf(['ready', 'unavailable'])
export const readyReply = Type.Object({
  status: engineState,
  engines: Type.Object({
    database: oneOf(['ready', 'partial', 'unavailable'], 'Partial: of several databases some do not answer.'),
    queue: engineState,
    storage: engineState,
  }),
})

export type ReadyReply = Static<typeof readyReply>
