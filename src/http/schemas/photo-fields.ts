import { type Static, Type } from 'typebox'
import { MAX_ALT } from '../../photo/alt.ts'
import { FILTER_NAME_PATTERN, MAX_FILTER_NAME } from '../../photo/look/filter.ts'
import { VISIBILITIES, type Visibility } from '../../photo/photo.ts'
import { renditionWishes } from './rendition-wishes.ts'
import { oneOf } from './types.ts'

const FRACTION = '(?:0|1|0?\\.[0-9]{1,18}|1\\.0{1,18})'
const FOCUS_PATTERN = `^${FRACTION}, ?${FRACTION}$`

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

/** A look by its name, and how much of it. Which there are may change: `requestedLook` says whether this is one. */
export function lookSchema(filterNames: readonly string[]) {
  const filter = Type.String({
    pattern: FILTER_NAME_PATTERN,
    maxLength: MAX_FILTER_NAME,
    description: 'one of those that GET /v1/filters lists',
    examples: [...filterNames],
  })
  return { filter, strength: Type.Optional(strength) }
}

const FIELD_OPTIONS = { additionalProperties: false, dependentRequired: { strength: ['filter'] } }

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
    FIELD_OPTIONS,
  )
}
export type UploadFields = Static<ReturnType<typeof uploadFields>>

/** What is said beforehand of a photo that its owner puts into the store. */
export function directUpload(filterNames: readonly string[]) {
  return Type.Object(
    {
      bytes: Type.Integer({ minimum: 1, description: 'how many bytes the file has, exactly' }),
      type: Type.String({
        pattern: '^(?:image/[a-z0-9][a-z0-9.+-]{0,63}|application/octet-stream)$',
        description: 'the Content-Type of the PUT, such as image/heic; what the photo is its bytes tell',
      }),
      sha256: Type.Optional(
        Type.String({
          pattern: '^[0-9a-f]{64}$',
          description: 'of the file, in hex: other bytes are refused',
        }),
      ),
      ...uploadFields(filterNames).properties,
    },
    FIELD_OPTIONS,
  )
}

/** The query of an upload of bare bytes: what it says of its photo, and what it asks of the reply. */
export function uploadQuery(filterNames: readonly string[]) {
  return Type.Object({ ...renditionWishes, ...uploadFields(filterNames).properties }, FIELD_OPTIONS)
}
