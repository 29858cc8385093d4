import { join } from 'node:path'
import { startCheckout } from '../checkout.ts'
import { type Line, value } from '../line.ts'

const ROOT = join(import.meta.dirname, '../..')

/** The memory of all processes of `darkroom start` while there is nothing to do. */
export const idle: Line = {
  name: 'idle',
  measure: async (bench) => {
    await using darkroom = await startCheckout(ROOT, bench)
    return [value('start, idle, all processes', 'MB', await darkroom.idleMegabytes(), { below: 250 })]
  },
}
