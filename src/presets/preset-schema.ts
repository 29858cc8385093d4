import { type Static, Type } from 'typebox'
import type { Fit, PresetName } from '../photo/presets.ts'
import { RENDITION_FORMAT_NAMES, type RenditionFormat } from '../photo/rendition-formats.ts'

/** No JPEG has more a side. */
const MAX_SIDE = 16_384
const MAX_AREA = 50_000_000

const oneOf = <Word extends string>(words: readonly Word[], description: string) =>
  Type.Unsafe<Word>({ type: 'string', enum: words, description })

const pixels = (max: number) =>
  Type.Integer({ minimum: 1, maximum: max, description: `a whole number of pixels from 1 to ${max}` })

const formats = (minItems: number, description: string) =>
  Type.Array(Type.Unsafe<RenditionFormat>({ type: 'string', enum: RENDITION_FORMAT_NAMES }), {
    minItems,
    uniqueItems: true,
    description: `a list of ${RENDITION_FORMAT_NAMES.join(', ')}, each once${description}`,
  })

const yesOrNo = (what: string) => Type.Boolean({ default: false, description: `true or false: ${what}` })

export const presetName = Type.Unsafe<PresetName>({
  type: 'string',
  pattern: '^[a-z][a-z0-9]*(-[a-z0-9]+)*$',
  maxLength: 32,
  description: 'up to 32 lower-case letters, digits and single hyphens, a letter first',
})

/**
 * One entry of `presets.json` and of `GET /v1/presets`. The description of each field is its rule, in words that follow
 * "must be".
 */
export const presetSchema = Type.Object(
  {
    name: presetName,
    fit: oneOf<Fit>(['cover', 'inside'], '"cover" (fills the box, cropped) or "inside" (the whole photo)'),
    width: Type.Optional(pixels(MAX_SIDE)),
    height: Type.Optional(pixels(MAX_SIDE)),
    area: Type.Optional(pixels(MAX_AREA)),
    minWidth: Type.Optional(pixels(MAX_SIDE)),
    upload: formats(1, ', made before a photo is ready'),
    after: Type.Optional(formats(0, ', made once a photo is ready')),
    animated: Type.Optional(yesOrNo('whether an animation moves in it')),
    hdr: Type.Optional(yesOrNo('whether the JPEG of a photo with a gain map keeps it')),
  },
  { additionalProperties: false },
)

export const presetsSchema = Type.Object(
  { presets: Type.Array(presetSchema) },
  { additionalProperties: false },
)
export type PresetsReply = Static<typeof presetsSchema>
