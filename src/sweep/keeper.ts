import type { Catalog } from '../catalog/catalog.ts'
import { ObjectNotFoundError, SetupError } from '../errors.ts'
import { KEEPER_KEY, ORIGINALS_PREFIX } from '../photo/object-keys.ts'
import type { ObjectStore } from '../storage/object-store.ts'

export type KeeperEngines = {
  catalog: Pick<Catalog, 'installation'>
  store: Pick<ObjectStore, 'name' | 'read' | 'put' | 'list'>
}

/**
 * Proves that this catalog keeps the objects of this store: both have the id of the same installation. A store and a
 * catalog that are both empty begin together: then the store gets the id. Throws SetupError, which says what to do,
 * when they are not each other's, and EngineUnavailableError when one does not tell.
 */
export async function proveKeeper({ catalog, store }: KeeperEngines): Promise<void> {
  const id = await catalog.installation.id()
  let keeper = await readKeeper(store)
  if (keeper === null) {
    if ((await catalog.installation.isEmpty()) && (await isEmpty(store))) {
      await store.put(KEEPER_KEY, Buffer.from(keeperFile(id)), { contentType: 'application/json' })
    }
    // Ours, or that of another process which began at the same moment and has taken in photos since.
    keeper = await readKeeper(store)
  }
  if (keeper === id) return

  const found =
    keeper === null
      ? `do not say which installation they belong to`
      : `belong to another installation of Darkroom (${keeper})`
  throw new SetupError(
    `The objects in ${store.name} ${found}: this database is of the installation ${id}. Put DATABASE_URL or ` +
      `STORAGE_URL right, or restore the database from its backup. Only if this database shall keep these objects from ` +
      `now on, put ${keeperFile(id)} as ${KEEPER_KEY} in there.`,
  )
}

function keeperFile(id: string): string {
  return JSON.stringify({ installation: id })
}

async function readKeeper(store: KeeperEngines['store']): Promise<string | null> {
  try {
    const { installation } = JSON.parse(String(await store.read(KEEPER_KEY)))
    return typeof installation === 'string' ? installation : ''
  } catch (error) {
    if (error instanceof ObjectNotFoundError) return null
    // Somebody wrote something else there: it names nobody we know.
    if (error instanceof SyntaxError || error instanceof TypeError) return ''
    throw error
  }
}

async function isEmpty(store: KeeperEngines['store']): Promise<boolean> {
  for await (const _ of store.list(ORIGINALS_PREFIX)) return false
  return true
}
