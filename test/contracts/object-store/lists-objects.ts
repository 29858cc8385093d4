import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { keysOf, type OpenStore, putAll } from './keys.ts'

/** How objects are listed, and what checking a store does to it. */
export function listsObjects(openStore: OpenStore): void {
  describe('list', () => {
    test('yields every key that begins with the prefix, which may end anywhere', async () => {
      const word = fc.constantFrom('1', '12', '123', '2', '21')
      const key = fc
        .tuple(fc.constantFrom('originals', 'renditions'), word, word)
        .map((parts) => parts.join('/'))
      const prefix = fc.tuple(key, fc.nat(20)).map(([from, length]) => from.slice(0, length))

      await fc.assert(
        fc.asyncProperty(fc.uniqueArray(key, { maxLength: 12 }), prefix, async (keys, start) => {
          await using opened = await openStore()
          await putAll(opened.store, keys)

          const found = await keysOf(opened.store, start)

          expect(found).toEqual(keys.filter((each) => each.startsWith(start)).sort())
        }),
        { numRuns: 30, examples: [[['originals/1/12', 'originals/12/1'], 'originals/1']] },
      )
    })

    test('begins after any text, also in the middle of a folder, and keeps the order of bytes', async () => {
      const word = fc.constantFrom('1', '12', '2', '2-a', '2.a', 'b')
      const key = fc.array(word, { minLength: 1, maxLength: 3 }).map((words) => `o/${words.join('/')}`)
      const keys = fc
        .uniqueArray(key, { maxLength: 10 })
        // A folder can't have the name of a file.
        .map((all) => all.filter((one) => !all.some((other) => other.startsWith(`${one}/`))))
      const after = fc.oneof(
        key,
        key.map((each) => `${each}/~`),
        fc.constantFrom('', 'o', 'o/2~', 'p'),
      )

      await fc.assert(
        fc.asyncProperty(keys, after, async (all, start) => {
          await using opened = await openStore()
          await putAll(opened.store, all)

          const found = await keysOf(opened.store, 'o/', { after: start })

          expect(found).toEqual(all.filter((each) => each > start).sort())
        }),
        { numRuns: 20, examples: [[['o/2/1', 'o/2-a/1', 'o/2.a'], 'o/2-a/1']] },
      )
    })

    test('of a prefix that nothing has yields nothing', async () => {
      await using opened = await openStore()
      const { store } = opened
      await putAll(store, ['originals/7/42.jpg'])

      expect(await keysOf(store, 'renditions/')).toEqual([])
      expect(await keysOf(store, 'originals/7/42.jpg/')).toEqual([])
      expect(await keysOf(store, 'originals/70/')).toEqual([])
    })

    test('may be left early', async () => {
      await using opened = await openStore()
      const { store } = opened
      await putAll(store, ['originals/7/42.jpg', 'originals/7/43.jpg', 'originals/8/44.jpg'])
      const seen: string[] = []

      for await (const key of store.list('originals/')) {
        seen.push(key)
        break
      }

      expect(seen).toHaveLength(1)
    })

    test('survives deletes of what it lists', async () => {
      await using opened = await openStore()
      const { store } = opened
      await putAll(
        store,
        Array.from({ length: 30 }, (_, index) => `originals/${index}/1.jpg`),
      )

      for await (const key of store.list('originals/')) await store.delete([key])

      expect(await keysOf(store, '')).toEqual([])
    })
  })

  test('check resolves while the store takes objects', async () => {
    await using opened = await openStore()

    await opened.store.check()

    expect(await keysOf(opened.store, '')).toEqual([])
  })
}
