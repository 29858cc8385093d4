import { atStrength, type ColorTable } from '../../../src/photo/look/color-table.ts'
import type { CompiledLook } from '../../../src/photo/look/compiled-look.ts'
import { parseCube } from '../../../src/photo/look/cube.ts'
import { effectsAt } from '../../../src/photo/look/effects.ts'
import { applyEffectsPlainly } from '../../../src/photo/look/plain-effects.ts'
import { applyPlainly } from '../../../src/photo/look/plain-table.ts'
import type { Asked, Drawn, ParsedTable, Replied } from './drawing-messages.ts'
import { InTurn } from './in-turn.ts'
import { LookShader, type Picture } from './look-shader.ts'
import { fetchPicture } from './picture-pixels.ts'

/** The one looked at, and its small one, and those of the photo before: 6 MB each. */
const MOST_PICTURES = 4

/** Over HTTP/1.1 a browser has six connections, and other things to ask. */
const fetching = new InTurn(3)
const pictures = new Map<string, Promise<Picture>>()
const tables = new Map<string, Promise<ColorTable>>()
let parsed = 0
/** The table at the strength that was drawn last. */
let blended: { from: ColorTable; strength: number; table: ColorTable } | null = null
/** Null where there is no WebGL 2; undefined before it is tried. */
let shader: LookShader | null | undefined

addEventListener('message', ({ data }: MessageEvent<Asked & { id: number }>) => void reply(data))

async function reply({ id, ...asked }: Asked & { id: number }): Promise<void> {
  try {
    const made = asked.kind === 'draw' ? await draw(asked) : await parse(asked.text)
    tell({ kind: 'made', id, made }, 'bitmap' in made ? [made.bitmap] : [])
  } catch (error) {
    tell({ kind: 'failed', id, message: (error as Error).message })
  }
}

async function draw({
  picture,
  table,
  vignette,
  grain,
  strength,
  isUrgent,
}: Extract<Asked, { kind: 'draw' }>): Promise<Drawn> {
  const [pixels, colors] = await Promise.all([
    pictureAt(picture),
    table === null ? null : tableAt(table, isUrgent),
  ])
  if (!colors) return { bitmap: await createImageBitmap(imageOf(pixels)), by: 'nothing' }
  const look: CompiledLook = {
    table: strength === 1 ? colors : blend(colors, strength),
    effects: effectsAt({ vignette, grain }, strength),
  }
  if (shader === undefined || shader?.isLost) shader = LookShader.open(() => tell({ kind: 'lost' }))
  const bitmap = shader?.draw(pixels, look)
  if (bitmap) return { bitmap, by: 'webgl' }
  const copy = { ...pixels, data: new Uint8ClampedArray(pixels.data) }
  applyPlainly({ ...copy, channels: 4 }, look.table)
  applyEffectsPlainly({ ...copy, channels: 4 }, look.effects)
  return { bitmap: await createImageBitmap(imageOf(copy)), by: 'plain' }
}

async function parse(text: string): Promise<ParsedTable> {
  const { title, table } = parseCube(text)
  const name = `parsed:${++parsed}`
  tables.set(name, Promise.resolve(table))
  return { table: name, title, size: table.size }
}

function blend(from: ColorTable, strength: number): ColorTable {
  if (blended?.from !== from || blended.strength !== strength)
    blended = { from, strength, table: atStrength(from, strength) }
  return blended.table
}

function pictureAt(url: string): Promise<Picture> {
  // What is signed anew is the same picture.
  const [place = url] = url.split('?')
  const picture = once(pictures, place, () => fetchPicture(url))
  // Last used, last forgotten.
  pictures.delete(place)
  pictures.set(place, picture)
  for (const oldest of [...pictures.keys()].slice(0, -MOST_PICTURES)) pictures.delete(oldest)
  return picture
}

function tableAt(url: string, isUrgent: boolean): Promise<ColorTable> {
  const table = once(tables, url, () => fetching.do(url, () => fetchTable(url)))
  if (isUrgent) fetching.hurry(url)
  return table
}

async function fetchTable(url: string): Promise<ColorTable> {
  const reply = await fetch(url)
  if (!reply.ok) throw new Error(`${reply.status} ${reply.statusText}`)
  return parseCube(await reply.text()).table
}

/** What failed is tried again by whoever asks next. */
function once<Value>(
  made: Map<string, Promise<Value>>,
  name: string,
  make: () => Promise<Value>,
): Promise<Value> {
  const known = made.get(name)
  if (known) return known
  const value = make()
  made.set(name, value)
  value.catch(() => made.delete(name))
  return value
}

function imageOf({ data, width, height }: Picture): ImageData {
  return new ImageData(data as Uint8ClampedArray<ArrayBuffer>, width, height)
}

function tell(replied: Replied, transfer: Transferable[] = []): void {
  postMessage(replied, { transfer })
}
