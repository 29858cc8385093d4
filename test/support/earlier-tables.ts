import { cp, mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { MIGRATIONS } from '../../src/catalog/tables/check-tables.ts'
import { migrateDatabase } from '../../src/catalog/tables/migrate.ts'

/** The tables of an empty database as they were after that migration. */
export async function migrateUpTo(url: string, last: number): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), 'darkroom-migrations-'))
  for (const file of await readdir(MIGRATIONS)) {
    if (Number.parseInt(file, 10) <= last) await cp(join(MIGRATIONS, file), join(directory, file))
  }
  await migrateDatabase(url, { directory })
  await rm(directory, { recursive: true })
}
