import { chmod, mkdtemp, realpath, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export type TemporaryHome = AsyncDisposable & { path: string; postgres: string }

/**
 * An empty folder that others may enter, as a home usually is, unless `mode` says otherwise. Disposing removes
 * it together with the database that its `postgres` is or leads to.
 */
export async function temporaryHome(mode = 0o755): Promise<TemporaryHome> {
  const path = await mkdtemp(join(tmpdir(), 'darkroom-home-'))
  await chmod(path, mode)
  const postgres = join(path, 'postgres')
  return {
    path,
    postgres,
    async [Symbol.asyncDispose]() {
      const database = await realpath(postgres).catch(() => postgres)
      await rm(database, { recursive: true, force: true })
      await rm(path, { recursive: true, force: true })
    },
  }
}
