import { type Static, Type } from 'typebox'
import type { Catalog } from '../../catalog/catalog.ts'
import { type FeedPage, type FeedWish, TOP } from '../../catalog/photos/feed-page.ts'
import { parsePhotoId, WRITTEN_PHOTO_ID_PATTERN } from '../../photo/photo-id.ts'
import { CURSOR_PATTERN, cursorOf, cutOfCursor } from '../cursor.ts'
import { InvalidFieldError, PhotoNotFoundError } from '../errors.ts'
import { renditionWishes } from '../schemas/rendition-wishes.ts'

const PAGE_LIMIT = 30

export const pageQuery = Type.Object(
  {
    limit: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: 100,
        default: PAGE_LIMIT,
        description: 'a number from 1 to 100',
      }),
    ),
    before: Type.Optional(
      Type.String({ pattern: CURSOR_PATTERN, description: 'The `next` of a page: what is older.' }),
    ),
    after: Type.Optional(
      Type.String({ pattern: CURSOR_PATTERN, description: 'The `previous` of a page: what is newer.' }),
    ),
    around: Type.Optional(
      Type.String({
        pattern: WRITTEN_PHOTO_ID_PATTERN,
        description: 'The id or shortcode of a photo: it, and what is newer and older, half of each.',
      }),
    ),
    ...renditionWishes,
  },
  { additionalProperties: false },
)

/** What a page is asked for. Throws InvalidFieldError, and PhotoNotFoundError when there is no photo that it is around. */
export async function wishOf(
  { limit = PAGE_LIMIT, before, after, around }: Static<typeof pageQuery>,
  { photos }: Pick<Catalog, 'photos'>,
): Promise<FeedWish> {
  if ([before, after, around].filter((bound) => bound !== undefined).length > 1)
    throw new InvalidFieldError('Send one of "before", "after" and "around" at most.')

  if (around !== undefined) {
    const photo = await photos.find(parsePhotoId(around))
    if (!photo) throw new PhotoNotFoundError()
    const newer = Math.floor(limit / 2)
    return { cut: photo, newer, older: limit - newer }
  }
  if (after !== undefined) return { cut: cutOfCursor(after), newer: limit }
  return { cut: before === undefined ? TOP : cutOfCursor(before), older: limit }
}

/**
 * Where a page goes on, as clients are told. Throws PhotoNotFoundError when it is not around the photo that it was to be
 * around: that one is hidden, or not of this feed.
 */
export function endsOf({ photos, next, previous }: FeedPage, around: string | undefined) {
  if (around !== undefined && !photos.some(({ id }) => id === parsePhotoId(around)))
    throw new PhotoNotFoundError()
  return { next: next && cursorOf(next), previous: previous && cursorOf(previous) }
}
