import { globSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { de } from '../console/src/words/de.ts'
import { en } from '../console/src/words/en.ts'

const ROOT = join(import.meta.dirname, '..')

const scripts = globSync('console/src/**/*.{ts,tsx}', { cwd: ROOT })
const sheets = globSync('console/src/**/*.css', { cwd: ROOT })

async function found(files: readonly string[], form: RegExp): Promise<string[]> {
  const lines = await Promise.all(
    files.map(async (file) => {
      const text = (await readFile(join(ROOT, file), 'utf8')).replaceAll(/\/\*.*?\*\//gs, '')
      return text
        .split('\n')
        .flatMap((line, at) => (form.test(line) ? [`${file}:${at + 1} ${line.trim()}`] : []))
    }),
  )
  return lines.flat()
}

test('sheets say start and end, block and inline, so that they hold from right to left', async () => {
  const physical =
    /(?:^|[\s;{])(?:(?:margin|padding|border|inset|scroll-margin|scroll-padding)-(?:left|right|top|bottom)|(?:min-|max-)?(?:width|height)|left|right|top|bottom|border-(?:top|bottom)-(?:left|right)-radius)\s*:|text-align:\s*(?:left|right)|float:\s*(?:left|right)/

  expect(await found(sheets, physical)).toEqual([])
  expect(sheets.length).toBeGreaterThan(3)
})

test('no script makes markup of a text, which the page forbids', async () => {
  expect(
    await found(
      scripts,
      /dangerouslySetInnerHTML|innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function/,
    ),
  ).toEqual([])
})

test('colours are named once, in the tokens', async () => {
  const colours = /#[\da-f]{3,8}\b|\b(?:rgb|hsl|oklch)a?\(/i
  const others = sheets.filter((file) => !file.endsWith('styles/tokens.css'))

  expect(await found(others, colours)).toEqual([])
})

test('a class is of one sheet: all that were shown before are still there, and would change each other', async () => {
  const sheetsOf = new Map<string, Set<string>>()
  for (const line of await found(sheets, /^\s*\.[\w-]+[^;]*[{,]$/)) {
    const [, sheet = '', name = ''] = /^(\S+?):\d+ \.([\w-]+)/.exec(line) ?? []
    sheetsOf.set(name, (sheetsOf.get(name) ?? new Set()).add(sheet))
  }

  expect([...sheetsOf].filter(([, files]) => files.size > 1)).toEqual([])
  expect(sheetsOf.size).toBeGreaterThan(50)
})

/** What a group of words has, and what its words take. */
function shapeOf(words: unknown): unknown {
  if (typeof words === 'function') return words.length
  if (typeof words !== 'object' || words === null) return typeof words
  return Object.fromEntries(Object.entries(words).map(([name, value]) => [name, shapeOf(value)]))
}

test('German has a word for every word, and none is left in English', () => {
  const texts = (words: unknown): [string, string][] =>
    Object.entries(words as object).flatMap(([name, value]) =>
      typeof value === 'string'
        ? [[name, value]]
        : typeof value === 'object'
          ? texts(value).map(([inner, text]): [string, string] => [`${name}.${inner}`, text])
          : [],
    )
  const english = new Map(texts(en))
  const same = texts(de).filter(([name, text]) => english.get(name) === text && /\w+ \w+ \w+/.test(text))

  expect(shapeOf(de)).toEqual(shapeOf(en))
  expect(same).toEqual([])
})
