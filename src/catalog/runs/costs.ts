import type { PhotoId } from '../../photo/photo-id.ts'

/** What it took a worker to make a photo for a run; of the photo's renditions all bytes, before and afterwards. */
export type Cost = {
  cpuMs: number
  /** For how long its job had a worker. */
  wallMs: number
  puts: number
  putBytes: number
  bytesBefore: number
  bytesAfter: number
  /** Whether it had failed before. */
  hadFailed: boolean
}

export type KeptCost = Cost & { photoId: PhotoId; madeAt: Date }

/** The costs of all photos of a run that are counted; `mended` had failed before, and were done. */
export type Costs = Record<
  'made' | 'cpuMs' | 'wallMs' | 'puts' | 'putBytes' | 'bytesBefore' | 'bytesAfter' | 'mended',
  number
>

/** Photos of which workers told what they took: those that are done, and others. `isKept` when each is asked for later. */
export type CostsOf = { done: readonly PhotoId[]; others: readonly PhotoId[]; isKept: boolean }
