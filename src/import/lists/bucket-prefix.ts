import { objectLocation } from '../../storage/location.ts'
import type { SourceBucket } from '../../storage/source-bucket.ts'
import { type Line, NO_FACTS, skipped } from '../line.ts'
import { isJunk } from '../trees/junk.ts'
import { bucketPlace, type NamedBucket } from './place.ts'

/** Every object under a prefix. Its key is its name in the system it comes from. */
export async function* prefixLines(
  { url, objects }: NamedBucket & { objects: Pick<SourceBucket, 'entries'> },
  prefix: string,
): AsyncGenerator<Line> {
  const place = bucketPlace({ url, objects })
  for await (const { key, size, modifiedAt, etag } of objects.entries(prefix)) {
    const file = place.file(key)
    if (key.endsWith('/')) continue
    if (isJunk(key)) yield skipped(key, 'junk', 'A system left it there.')
    else if (file) {
      const locate = async () => ({ from: objectLocation(url, key), etag, size, modifiedAt })
      yield {
        kind: 'file',
        file: { ...file, size, modifiedAt, locate },
        facts: { ...NO_FACTS, externalId: key },
      }
    }
  }
}
