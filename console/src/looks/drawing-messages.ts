import type { Effects } from '../../../src/photo/look/effects.ts'

/**
 * What is to be drawn: a picture, in a table's colours and with these effects at a strength of 0 to 1, or as it is without a table.
 * What is urgent does not wait for the tables of others.
 */
export type Drawing = Effects & {
  picture: string
  table: string | null
  strength: number
  isUrgent: boolean
}

/** What the page asks the worker for, and what it is told. */
export type Asked = ({ kind: 'draw' } & Drawing) | { kind: 'parse'; text: string }

/** `by` says what drew it. */
export type Drawn = { bitmap: ImageBitmap; by: 'webgl' | 'plain' | 'nothing' }
/** `table` is what to draw by. */
export type ParsedTable = { table: string; title: string | null; size: number }

export type Replied =
  | { kind: 'made'; id: number; made: Drawn | ParsedTable }
  | { kind: 'failed'; id: number; message: string }
  | { kind: 'lost' }
