import { expect, test } from 'vitest'
import { runDarkroom } from './support/run-darkroom.ts'

test.concurrent.for([
  ['foo', /"darkroom" has no command "foo". There are: start, .*, doctor\.$/],
  ['runs foo', /"runs" has no command "foo". There are: show, watch, .*, verify\.$/],
  ['runs --json foo', /"runs" has no command "foo"/],
  ['jobs foo', /"jobs" has no command "foo". There are: retry\.$/],
  ['shards foo', /"shards" has no command "foo". There are: move\.$/],
  ['keys foo', /"keys" has no command "foo". There are: rotate\.$/],
  ['filters foo', /"filters" has no command "foo". There are: list, export, sheet\.$/],
] as const)('darkroom %s says which commands there are', async ([words, message], { expect }) => {
  const { code, stderr } = await runDarkroom(words.split(' '), {})

  expect(stderr.trimEnd()).toMatch(message)
  expect(code).toBe(1)
})

test('an argument too many of a command that has no others is told as one', async () => {
  const { code, stderr } = await runDarkroom(['runs', 'show', '1', '2'], {})

  expect(stderr).toMatch(/too many arguments/)
  expect(code).toBe(1)
})
