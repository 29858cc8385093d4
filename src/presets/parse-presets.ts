import { Compile } from 'typebox/compile'
import { SetupError } from '../errors.ts'
import type { Preset } from '../photo/presets.ts'
import { completePreset } from './built-in-presets.ts'
import { presetSchema } from './preset-schema.ts'

type Complain = (mistake: string) => void
type Entry = Record<string, unknown>

const MAX_PRESETS = 24
const RULES = Object.entries(presetSchema.properties).map(([name, schema]) => ({
  name,
  isRequired: presetSchema.required.some((one) => one === name),
  rule: String((schema as { description?: string }).description),
  check: Compile(schema),
}))

/** The content of such a file, with what it leaves out filled in. Throws a SetupError that names every mistake. */
export function parsePresets(file: unknown, path: string): readonly Preset[] {
  const mistakes: string[] = []
  const entries = entriesOf(file, (mistake) => void mistakes.push(mistake))
  const names = entries.map((entry) =>
    isObject(entry) && typeof entry.name === 'string' ? entry.name : null,
  )
  for (const [index, entry] of entries.entries()) {
    const name = names[index]
    const where = name ? `preset ${index + 1} (${name})` : `preset ${index + 1}`
    for (const mistake of mistakesOf(entry)) mistakes.push(`${where}: ${mistake}`)
    if (name && names.indexOf(name) < index) mistakes.push(`${where}: the name is taken`)
  }
  if (mistakes.length > 0)
    throw new SetupError(`The presets in ${path} are wrong:\n  ${mistakes.join('\n  ')}`)
  return entries.map((entry) => completePreset(entry as object))
}

function entriesOf(file: unknown, complain: Complain): readonly unknown[] {
  if (!isObject(file) || !Array.isArray(file.presets)) {
    complain('must be {"presets": [ … ]}')
    return []
  }
  const others = Object.keys(file).filter((key) => key !== 'presets')
  for (const key of others) complain(`"${key}" is not known beside "presets"`)
  const { length } = file.presets
  if (length < 1 || length > MAX_PRESETS) complain(`there must be 1 to ${MAX_PRESETS} presets, not ${length}`)
  return file.presets
}

function mistakesOf(entry: unknown): string[] {
  if (!isObject(entry)) return ['must be an object']
  const mistakes: string[] = []
  const complain = (mistake: string) => void mistakes.push(mistake)
  checkFields(entry, complain)
  checkBox(entry, complain)
  checkFormats(entry, complain)
  return mistakes
}

/** Each field by itself. */
function checkFields(entry: Entry, complain: Complain): void {
  const known = RULES.map(({ name }) => name)
  for (const key of Object.keys(entry)) {
    if (!known.includes(key)) complain(`"${key}" is not known; there are ${known.join(', ')}`)
  }
  for (const { name, isRequired, rule, check } of RULES) {
    const value = entry[name]
    if (value === undefined && isRequired) complain(`"${name}" is missing: ${rule}`)
    if (value !== undefined && !check.Check(value))
      complain(`"${name}" must be ${rule}, not ${JSON.stringify(value)}`)
  }
}

/** What the fields of a box mean together. */
function checkBox({ fit, width, height, area, minWidth }: Entry, complain: Complain): void {
  if (fit === 'cover') {
    if (width === undefined || height === undefined) complain('"cover" needs "width" and "height"')
    if (area !== undefined || minWidth !== undefined) complain('"cover" takes neither "area" nor "minWidth"')
  }
  if (fit === 'inside') {
    if ([width, height, area].every((bound) => bound === undefined))
      complain('"inside" needs "width", "height" or "area"')
    if (typeof width === 'number' && typeof minWidth === 'number' && minWidth > width)
      complain('"minWidth" must not be more than "width"')
  }
}

function checkFormats({ upload, after }: Entry, complain: Complain): void {
  // AVIF is left out where it is no smaller, WebP has 16,383 pixels a side at most.
  if (Array.isArray(upload) && !upload.includes('jpeg'))
    complain('"upload" must have jpeg, which every client shows and every photo can be')
  if (!Array.isArray(upload) || !Array.isArray(after)) return
  for (const format of after.filter((one) => upload.includes(one)))
    complain(`${format} is made at "upload" already`)
}

function isObject(value: unknown): value is Entry {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
