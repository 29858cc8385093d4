import { createHash } from 'node:crypto'
import type { TreeFile } from '../trees/tree.ts'

/**
 * Of files that have the same bytes the first one, by each of the others. Only those are read that are equally long, and
 * whose checksums are the same if they have any. What can't be read is the same as nothing.
 */
export async function findSameBytes(files: readonly TreeFile[]): Promise<Map<TreeFile, TreeFile>> {
  const same = new Map<TreeFile, TreeFile>()
  const alike = Map.groupBy(files, ({ size, crc32 }) => (crc32 === null ? `${size}` : `${size} ${crc32}`))
  const mixed = files.some(({ crc32 }) => crc32 === null)
  const groups = mixed ? Map.groupBy(files, ({ size }) => `${size}`) : alike
  for (const group of groups.values()) {
    if (group.length < 2 || group[0]?.size === 0) continue
    const firsts = new Map<string, TreeFile>()
    for (const file of group) {
      const sha256 = await sha256Of(file).catch(() => null)
      if (sha256 === null) continue
      const first = firsts.get(sha256)
      if (first) same.set(file, first)
      else firsts.set(sha256, file)
    }
  }
  return same
}

export async function sha256Of(file: TreeFile): Promise<string> {
  const hash = createHash('sha256')
  for await (const chunk of file.open()) hash.update(chunk)
  return hash.digest('hex')
}
