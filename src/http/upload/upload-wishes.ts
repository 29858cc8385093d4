import type { FilterBook } from '../../filters/filter-book.ts'
import type { Upload } from '../../ingest/ingest.ts'
import type { UploadFields } from '../schemas/photo-fields.ts'
import { requestedLook } from './requested-look.ts'

/** What the fields of an upload say of its photo, wherever they stood. Throws InvalidFieldError. */
export async function wishesOf(
  { visibility = 'public', focus, filter, strength, alt }: UploadFields,
  filters: FilterBook,
): Promise<Pick<Upload, 'visibility' | 'alt' | 'focus' | 'look'>> {
  const [x = 0, y = 0] = focus?.split(',').map(Number) ?? []
  return {
    visibility,
    // Half a surrogate pair is no character, and no database keeps it.
    alt: alt?.toWellFormed() ?? null,
    focus: focus === undefined ? null : { x, y },
    look: filter === undefined ? null : await requestedLook({ filter, strength }, filters),
  }
}
