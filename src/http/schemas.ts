import { type Static, Type } from 'typebox'
import { FORMAT_NAMES } from '../photo/formats.ts'
import { PHOTO_STATUSES, VISIBILITIES } from '../photo/photo.ts'
import { PRESET_NAMES } from '../photo/presets.ts'
import { RENDITION_FORMAT_NAMES } from '../photo/recipe.ts'
import { OWNER_ID_PATTERN, type OwnerId } from '../photo/shard.ts'

/** What the API says, once: Fastify checks and serialises by these, OpenAPI is made of them. */
const oneOf = <Word extends string>(words: readonly Word[], description?: string) =>
  Type.Unsafe<Word>({ type: 'string', enum: words, ...(description && { description }) })

const nullable = <Schema extends object>(schema: Schema & Parameters<typeof Type.Union>[0][number]) =>
  Type.Union([schema, Type.Null()])

export const errorReply = Type.Object(
  {
    type: Type.String({ description: 'Always `about:blank`; `code` tells errors apart.' }),
    title: Type.String(),
    status: Type.Integer(),
    code: Type.String({ description: 'Stable; match on it.' }),
    detail: Type.String(),
  },
  { title: 'Error', description: 'Problem details (RFC 9457), sent as application/problem+json.' },
)

/** Whose photos they are: the `sub` of a token, percent-encoded in paths. */
export const ownerSchema = Type.Unsafe<OwnerId>({ type: 'string', pattern: OWNER_ID_PATTERN })

const rendition = Type.Object({
  preset: oneOf(PRESET_NAMES),
  format: oneOf(RENDITION_FORMAT_NAMES),
  width: Type.Integer(),
  height: Type.Integer(),
  bytes: Type.Integer(),
  url: Type.String({ description: 'Signed; works until `expiresAt`.' }),
})

const look = {
  filter: nullable(Type.String({ description: 'One of `GET /v1/filters`.' })),
  strength: nullable(Type.Number()),
}

export const photoReply = Type.Object(
  {
    id: Type.String({ description: '64 bits in decimal digits; sorts by time when compared as a number.' }),
    shortcode: Type.String({ description: 'The same id in 11 characters, for links people see.' }),
    owner: ownerSchema,
    status: oneOf(PHOTO_STATUSES),
    visibility: oneOf(VISIBILITIES),
    createdAt: Type.String({ format: 'date-time' }),
    original: Type.Object({
      format: oneOf(FORMAT_NAMES),
      width: nullable(Type.Integer({ description: 'Upright, as displayed.' })),
      height: nullable(Type.Integer()),
      bytes: Type.Integer(),
      sha256: Type.String(),
    }),
    color: nullable(Type.String({ description: 'Dominant colour, `#rrggbb`.' })),
    thumbhash: nullable(
      Type.String({ description: 'A 30-byte blurred preview, base64 (evanw.github.io/thumbhash).' }),
    ),
    focus: nullable(Type.Object({ x: Type.Number(), y: Type.Number() })),
    ...look,
    wanted: nullable(
      Type.Object(look, {
        description:
          'The look that was asked for last, while it is made. Null again when it is shown, or failed.',
      }),
    ),
    renditions: Type.Array(rendition),
    expiresAt: nullable(
      Type.String({ format: 'date-time', description: 'When the URLs stop working; ask again before.' }),
    ),
    failure: nullable(Type.Object({ code: Type.String(), message: Type.String() })),
  },
  { title: 'Photo' },
)
export type PhotoReply = Static<typeof photoReply>

export const photoPageReply = Type.Object(
  {
    photos: Type.Array(photoReply),
    next: nullable(
      Type.String({ description: 'Send it as `before` to get the next page; null on the last.' }),
    ),
  },
  { title: 'Page of photos' },
)

export const photoParams = Type.Object({ id: Type.String({ description: 'An id or a shortcode.' }) })

export const presetsReply = Type.Object({
  presets: Type.Array(
    Type.Object({
      name: oneOf(PRESET_NAMES),
      width: Type.Integer(),
      height: Type.Integer(),
      fit: oneOf(['cover', 'inside']),
      formats: Type.Array(oneOf(RENDITION_FORMAT_NAMES)),
    }),
  ),
})

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

/** The errors any route can answer with, for OpenAPI. */
export const errorReplies = { '4xx': errorReply, '5xx': errorReply } as const
