import { readFile } from 'node:fs/promises'
import { Type } from 'typebox'
import { Compile } from 'typebox/compile'
import { SetupError } from '../errors.ts'
import BUILT_IN from './prices.json' with { type: 'json' }

/** What an operator pays, of a day. A GB is 1e9 bytes. */
export type Prices = {
  currency: string
  date: string
  source: string
  cpuHour: number
  putsPer1000: number
  gbMonth: number
}

const price = (what: string) =>
  Type.Number({ minimum: 0, description: `a number, the price of ${what} in the currency` })

const FIELDS = {
  currency: Type.String({ pattern: '^[A-Z]{3}$', description: 'three letters, such as "EUR"' }),
  date: Type.String({
    pattern: '^\\d{4}-\\d{2}-\\d{2}$',
    description: 'the day of the prices, such as "2026-06-01"',
  }),
  source: Type.String({ minLength: 1, maxLength: 200, description: 'words that say whose prices they are' }),
  cpuHour: price('an hour of a core'),
  putsPer1000: price('a thousand PUTs'),
  gbMonth: price('a gigabyte kept for a month'),
}
const RULES = Object.entries(FIELDS).map(([name, schema]) => ({
  name,
  rule: String((schema as { description?: string }).description),
  check: Compile(schema),
}))

/** The operator's prices, or those that Darkroom comes with when no file is named. Throws a SetupError with every mistake. */
export async function readPrices(path: string | null): Promise<Prices> {
  if (path === null) return BUILT_IN
  let file: unknown
  try {
    file = JSON.parse((await readFile(path, 'utf8')).replace(/^\uFEFF/, ''))
  } catch (cause) {
    throw new SetupError(`The prices in ${path} can't be read: ${(cause as Error).message}`, { cause })
  }
  const given = (typeof file === 'object' && file !== null ? file : {}) as Record<string, unknown>
  const mistakes = [
    ...Object.keys(given)
      .filter((key) => !RULES.some(({ name }) => name === key))
      .map((key) => `"${key}" is not known; there are ${RULES.map(({ name }) => name).join(', ')}`),
    ...RULES.filter(({ name, check }) => !check.Check(given[name])).map(
      ({ name, rule }) => `"${name}" must be ${rule}`,
    ),
  ]
  if (mistakes.length > 0)
    throw new SetupError(`The prices in ${path} are wrong:\n  ${mistakes.join('\n  ')}`)
  return given as Prices
}
