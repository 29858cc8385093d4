import { throughAside } from './through-aside.ts'

/** Shows again what a run put aside; another run of this kind undoes that. */
export const rollback = throughAside('rollback', async ({ catalog }, ids, { selection, by }) => {
  const shown = await catalog.aside.showAgain(ids, { ...selection, by })
  return { done: shown.length, skipped: ids.length - shown.length }
})

/** Lets go what a run put aside. */
export const finish = throughAside('finish', async ({ catalog }, ids, { selection }) => {
  await catalog.aside.release(ids, selection)
  return { done: ids.length }
})
