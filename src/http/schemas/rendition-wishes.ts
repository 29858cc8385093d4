import { type Static, Type } from 'typebox'
import { RENDITION_FORMAT_NAMES } from '../../photo/rendition-formats.ts'
import { presetName } from '../../presets/preset-schema.ts'
import { list, oneOf } from './types.ts'

/**
 * What clients may ask of the renditions in any reply that has photos. Presets may be others than those in use: photos
 * keep renditions of one that an operator has taken out until they are made anew, and apps go on asking for it.
 */
export const renditionWishes = {
  presets: Type.Optional(
    list(
      presetName,
      'names of `GET /v1/presets`, or of presets there were, separated by commas: only their renditions',
    ),
  ),
  formats: Type.Optional(
    list(oneOf(RENDITION_FORMAT_NAMES), 'only renditions in these, separated by commas'),
  ),
  urls: Type.Optional(
    oneOf(
      ['full', 'parts'],
      '`parts`: what all URLs have alike is told once, in `delivery`. Default: `full`.',
    ),
  ),
}
export const renditionWishesQuery = Type.Object(renditionWishes, { additionalProperties: false })
export type RenditionWishes = Static<typeof renditionWishesQuery>
