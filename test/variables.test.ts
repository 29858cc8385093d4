import { readFile } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { exampleFile, withTable } from '../scripts/variables/texts.ts'
import { loadConfig } from '../src/config/config.ts'
import { VARIABLES, type Variable } from '../src/config/variables.ts'

const variables = Object.entries<Variable>(VARIABLES)

test('what is written of the variables is of today: `npm run variables` writes it anew', async () => {
  const page = await readFile('docs/operating.md', 'utf8')

  expect(page).toBe(withTable(page))
  expect(await readFile('.env.example', 'utf8')).toBe(exampleFile())
})

test.each(variables)('%s is read as its default and its example show', (_, variable) => {
  const { example = '' } = variable
  const shown = 'default' in variable ? [variable.default, example] : [example]
  const problems = shown
    .filter((text) => text !== '')
    .flatMap((text) => {
      const found: string[] = []
      variable.read(text, (problem) => found.push(problem))
      return found
    })

  expect(problems).toEqual([])
})

test('variables that depend on others name such as there are', () => {
  const named = variables.flatMap(([, { with: other, insteadOf = [] }]) => [other ?? [], insteadOf].flat())

  expect(named.filter((name) => !Object.hasOwn(VARIABLES, name))).toEqual([])
})

test('a variable that another needs is asked for', () => {
  expect(() => loadConfig({ CDN_URL: 'https://d111111abcdef8.cloudfront.net' })).toThrow(
    'CDN_PRIVATE_KEY_FILE is needed with CDN_URL',
  )
})
