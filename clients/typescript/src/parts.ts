import { sha256 } from './digest.ts'
import type { PhotoSource } from './platform.ts'
import { Problem } from './problem.ts'

/** What is in memory of a large photo at a time. */
export const PART_BYTES = 4 * 1024 * 1024

/** The bytes from `start` on, `PART_BYTES` of them or what there are. Throws `file_changed` when they can't be read. */
export async function readPart(source: PhotoSource, start: number): Promise<Uint8Array<ArrayBuffer>> {
  return await readBytes(source, start, Math.min(start + PART_BYTES, source.size))
}

/** Throws `file_changed` when the file is gone, or is another one by now as far as the platform can tell. */
export async function readBytes(
  source: PhotoSource,
  start: number,
  end: number,
): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = await source
    .slice(start, end)
    .arrayBuffer()
    .catch((cause: unknown) => {
      throw new Problem({ status: 400, code: 'file_changed', message: UNREADABLE }, { cause })
    })
  if (bytes.byteLength !== end - start)
    throw new Problem({ status: 400, code: 'file_changed', message: UNREADABLE })
  return new Uint8Array(bytes)
}

/** The SHA-256 of each part; of none where a page without HTTPS may not hash. */
export async function digestsOf(source: PhotoSource): Promise<string[]> {
  const digests: string[] = []
  for (let start = 0; start < source.size; start += PART_BYTES) {
    const digest = await sha256(await readPart(source, start))
    if (digest !== null) digests.push(digest)
  }
  return digests
}

const UNREADABLE = 'The file is no longer what it was when it was chosen. Choose it again.'
