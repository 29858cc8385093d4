import { expect, test } from 'vitest'
import { originalKey } from '../src/photo/object-keys.ts'
import { firstIdAt, type PhotoId } from '../src/photo/photo-id.ts'
import { openTestDatabase } from './support/database.ts'
import { runDarkroom } from './support/run-darkroom.ts'
import { startService } from './support/service.ts'

/** As many objects of photos that the catalog does not know. */
const STRANGERS = 15

test('`darkroom sweep` refuses when too much is unknown, and does its work when that is accepted', async () => {
  await using service = await startService()
  await using database = await openTestDatabase()
  const first = BigInt(firstIdAt(new Date('2026-01-01')))
  for (let n = 0n; n < STRANGERS; n++) {
    const id = String(first + (n << 10n)) as PhotoId
    await service.store.put(originalKey(id, 'jpeg'), Buffer.from('pixels'), { contentType: 'image/jpeg' })
  }
  // The servers of this one know nothing of its runs.
  const id = await service.catalog.installation.id()
  await database.query(`update installation set id = '${id}'`)
  const env = { DARKROOM_HOME: service.config.home, DATABASE_URL: database.url }

  const refused = await runDarkroom(['sweep'], env)
  const accepted = await runDarkroom(['sweep', '--accept', String(STRANGERS)], env)

  expect(refused.code).toBe(1)
  expect(refused.stderr).toContain(`\`darkroom sweep --accept ${STRANGERS}\``)
  expect(refused.stderr.trim().split('\n')).toHaveLength(1)
  expect(accepted).toMatchObject({ code: 0, stderr: '' })
  // They were put just now, and an upload may be in flight for a day.
  expect(accepted.stdout).toContain('0 moved to quarantine/')
  expect(await database.query('select kind, state from runs order by id')).toEqual([
    { kind: 'lost jobs', state: 'running' },
    { kind: 'earlier renditions', state: 'running' },
    { kind: 'objects', state: 'stopped' },
    { kind: 'lost jobs', state: 'running' },
    { kind: 'earlier renditions', state: 'running' },
    { kind: 'objects', state: 'running' },
  ])
})
