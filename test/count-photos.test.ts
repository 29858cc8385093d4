import { expect, test } from 'vitest'
import { Database } from '../src/catalog/database/database.ts'
import { countPhotos } from '../src/catalog/runs/count-photos.ts'
import { openTestDatabase } from './support/database.ts'
import { writePhotos } from './support/many-photos.ts'

test('photos are counted when they are few, and reckoned when counting would read them all', async () => {
  await using opened = await openTestDatabase()
  await using database = new Database(opened.url, { connections: 1 })
  await writePhotos(opened, { owner: 'alice', shard: 1000, count: 30_000 })
  await writePhotos(opened, { owner: 'bob', shard: 2000, count: 70 })

  const few = await countPhotos(database, { from: 1001, to: 8191 })
  const many = await countPhotos(database, { from: 0, to: 1999 })

  expect(few).toEqual({ photos: 70, isEstimate: false })
  expect(many.isEstimate).toBe(true)
  expect(many.photos).toBeGreaterThan(20_000)
  expect(many.photos).toBeLessThan(40_000)
})
