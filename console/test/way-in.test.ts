import { describe, expect } from 'vitest'
import { BROWSERS } from './support/browsers.ts'
import { runningConsole } from './support/running-console.ts'

const running = runningConsole()

describe.each(BROWSERS)('in $name', ({ name, test }) => {
  test('a link opens the console signed in, and its code is not in the address', async () => {
    const page = await running().open(name, { owner: 'alice' })

    expect(await page.locator('header.bar').textContent()).toContain('alice')
    expect(page.url()).not.toContain('code=')
  })
})
