import { InvalidCubeError } from '../../errors.ts'
import { type ColorTable, lookUp, TABLE_SIZE, tableOf } from './color-table.ts'
import type { Rgb } from './filter.ts'

/** A `.cube` file: the table, and what it calls itself. */
export type Cube = { title: string | null; table: ColorTable }

const MIN_SIZE = 2
const MAX_SIZE = 65

/** The table as text that photo tools read (Adobe Cube LUT Specification 1.0). */
export function toCube({ size, values }: ColorTable, title: string): string {
  const lines = [`TITLE "${title.replaceAll('"', "'")}"`, `LUT_3D_SIZE ${size}`]
  for (let i = 0; i < values.length; i += 3) {
    lines.push(Array.from(values.subarray(i, i + 3), (value) => value.toFixed(6)).join(' '))
  }
  return `${lines.join('\n')}\n`
}

/**
 * Reads what photo tools write: a 3-D table of 2 to 65 points an axis, with title, comments, any line ends and
 * any domain. A domain other than 0..1 is resampled to 0..1, and values are kept to 0..1, for photos hold no
 * others. Throws InvalidCubeError that names the line.
 */
export function parseCube(text: string): Cube {
  const header: Header = { title: null, size: null, min: [0, 0, 0], max: [1, 1, 1] }
  const values: number[] = []
  for (const [i, raw] of text
    .replace(/^\uFEFF/, '')
    .split(/\r\n|\r|\n/)
    .entries()) {
    const line = raw.trim()
    if (line === '' || line.startsWith('#')) continue
    try {
      if (/^[A-Za-z]/.test(line) && !/^(nan|inf)/i.test(line)) readKeyword(line, header)
      else values.push(...readNumbers(line))
    } catch (error) {
      throw error instanceof InvalidCubeError
        ? new InvalidCubeError(`line ${i + 1}: ${error.message}`)
        : error
    }
  }
  const { title, size, min, max } = header
  if (size === null) throw new InvalidCubeError('there is no LUT_3D_SIZE; only 3-D tables are taken')
  if (values.length !== size ** 3 * 3) {
    throw new InvalidCubeError(
      `LUT_3D_SIZE ${size} needs ${size ** 3} lines of numbers; there are ${values.length / 3}`,
    )
  }
  if (min.some((from, axis) => from >= (max[axis] as number))) {
    throw new InvalidCubeError('DOMAIN_MIN must be below DOMAIN_MAX')
  }
  return { title, table: inUnitDomain({ size, values: Float32Array.from(values) }, min, max) }
}

type Header = { title: string | null; size: number | null; min: Rgb; max: Rgb }

function readKeyword(line: string, header: Header): void {
  const [keyword = '', ...words] = line.split(/\s+/)
  switch (keyword) {
    case 'TITLE':
      header.title =
        line
          .slice('TITLE'.length)
          .trim()
          .replace(/^"(.*)"$/, '$1')
          .trim() || null
      return
    case 'LUT_3D_SIZE': {
      const size = Number(words[0])
      if (!Number.isInteger(size) || size < MIN_SIZE || size > MAX_SIZE || words.length !== 1) {
        throw new InvalidCubeError(`LUT_3D_SIZE must be a whole number from ${MIN_SIZE} to ${MAX_SIZE}`)
      }
      header.size = size
      return
    }
    case 'DOMAIN_MIN':
      header.min = readNumbers(words.join(' '))
      return
    case 'DOMAIN_MAX':
      header.max = readNumbers(words.join(' '))
      return
    // As DaVinci Resolve writes it.
    case 'LUT_3D_INPUT_RANGE': {
      const [min, max] = words.map(Number)
      if (min === undefined || max === undefined || !(min < max)) {
        throw new InvalidCubeError('LUT_3D_INPUT_RANGE must be two rising numbers')
      }
      header.min = [min, min, min]
      header.max = [max, max, max]
      return
    }
    case 'LUT_1D_SIZE':
      throw new InvalidCubeError('this is a 1-D table; export a 3-D one')
    default:
      throw new InvalidCubeError(`"${keyword.slice(0, 40)}" is no keyword of the format`)
  }
}

/** Of 275,000 lines at most: a split would take twice as long. */
const THREE_WORDS = /^(\S+)\s+(\S+)\s+(\S+)$/

function readNumbers(line: string): Rgb {
  const words = THREE_WORDS.exec(line)
  const numbers: Rgb | null = words && [Number(words[1]), Number(words[2]), Number(words[3])]
  if (!numbers?.every(Number.isFinite)) {
    throw new InvalidCubeError(`"${line.slice(0, 40)}" must be three numbers`)
  }
  return numbers
}

/** The same table over 0..1. Colours that lie beyond its own domain get what its edge says. */
function inUnitDomain(table: ColorTable, min: Rgb, max: Rgb): ColorTable {
  const isUnit = min.every((value) => value === 0) && max.every((value) => value === 1)
  const out = new Float64Array(3)
  const place = (value: number, axis: number) => {
    const [from, to] = [min[axis] as number, max[axis] as number]
    return Math.min(Math.max((value - from) / (to - from), 0), 1)
  }
  return tableOf(isUnit ? table.size : Math.max(table.size, TABLE_SIZE), (...color) =>
    lookUp(table, color.map(place) as unknown as Rgb, out),
  )
}
