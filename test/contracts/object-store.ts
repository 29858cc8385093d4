import { describe } from 'vitest'
import type { OpenStore } from './object-store/keys.ts'
import { listsObjects } from './object-store/lists-objects.ts'
import { movesObjects } from './object-store/moves-objects.ts'
import { opensObjects } from './object-store/opens-objects.ts'
import { putsObjects } from './object-store/puts-objects.ts'

/** What every ObjectStore promises. Run it against each implementation; `openStore` gives an empty one. */
export function objectStoreContract(name: string, openStore: OpenStore): void {
  describe(`${name} keeps the ObjectStore contract`, () => {
    putsObjects(openStore)
    opensObjects(openStore)
    movesObjects(openStore)
    listsObjects(openStore)
  })
}
