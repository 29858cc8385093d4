import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { TestService } from './service.ts'

/** How many bytes a service has of objects that are not whole yet, on its disk; null when there is none such. */
export async function bytesBeingWritten({ config }: Pick<TestService, 'config'>): Promise<number | null> {
  const folder = join(config.home, 'objects/tmp')
  const names = await readdir(folder)
  if (names.length === 0) return null
  // One that is whole by now has another name.
  const sizes = await Promise.all(
    names.map(async (name) => (await stat(join(folder, name)).catch(() => null))?.size ?? 0),
  )
  return sizes.reduce((sum, size) => sum + size, 0)
}
