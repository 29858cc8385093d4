import type { Place } from '../../src/photo/object-keys.ts'
import type { PhotoId } from '../../src/photo/photo-id.ts'
import type { Secret } from '../../src/photo/secret.ts'

export const SECRET = 'k3J9sQ2x0aE' as Secret

/** Where the renditions of a public photo lie, whose secret is that one. */
export function placeOf(id: PhotoId): Place {
  return { id, visibility: 'public', secret: SECRET }
}
