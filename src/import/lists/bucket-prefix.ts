import type { ObjectStore } from '../../storage/object-store.ts'
import { type Line, NO_FACTS, skipped } from '../line.ts'
import { isJunk } from '../trees/junk.ts'
import { bucketPlace } from './place.ts'

/** Every object under a prefix. Its key is its name in the system it comes from. */
export async function* prefixLines(
  objects: Pick<ObjectStore, 'list' | 'open'>,
  prefix: string,
): AsyncGenerator<Line> {
  const place = bucketPlace(objects)
  for await (const key of objects.list(prefix)) {
    const file = place.file(key)
    if (key.endsWith('/')) continue
    if (isJunk(key)) yield skipped(key, 'junk', 'A system left it there.')
    else if (file) yield { kind: 'file', file, facts: { ...NO_FACTS, externalId: key } }
  }
}
