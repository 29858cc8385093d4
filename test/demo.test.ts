import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test, vi } from 'vitest'
import { processesWith } from '../chaos/processes.ts'
import { createRandom } from '../chaos/random.ts'
import { MOST_OWNERS, townOf, VIEWER } from '../demo/town.ts'

const DEMO = join(import.meta.dirname, '../demo/main.ts')

test('the demonstration shows a feed that moves, and leaves nothing behind at Ctrl-C', async () => {
  const child = spawn(process.execPath, [DEMO, '--owners', '20'], {
    env: { PATH: process.env.PATH, DATABASE_URL: 'postgres://elsewhere.invalid/darkroom' },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let printed = ''
  child.stdout.on('data', (chunk) => (printed += chunk))
  const ended = once(child, 'exit')
  await Promise.race([vi.waitUntil(() => (printed.match(/ \+ /g) ?? []).length >= 2, 120_000), ended])
  const home = /in (\S+) …/.exec(printed)?.[1] as string

  child.kill('SIGINT')

  expect(await ended).toEqual([0, null])
  expect(printed).toMatch(/^\d\d:\d\d:\d\d {2}\+ [a-z.]+ +\S+\.(jpg|heic|png|avif|gif) .*page of \d+ in/m)
  expect(existsSync(home)).toBe(false)
  expect(await processesWith(`DARKROOM_HOME=${home}`, home)).toEqual([])
})

test('most owners of the demonstration have few followers, and few have most', () => {
  const { owners, following } = townOf(MOST_OWNERS, createRandom(1, 'town'))
  const counts = new Map(owners.map((owner) => [owner, 0]))
  for (const followed of following.values())
    for (const owner of followed) counts.set(owner, (counts.get(owner) ?? 0) + 1)
  const sorted = [...counts.values()].toSorted((a, b) => b - a)
  const sum = (some: readonly number[]) => some.reduce((total, count) => total + count, 0)

  expect(owners).toHaveLength(1_000)
  expect(sum(sorted.slice(0, 100))).toBeGreaterThan(sum(sorted) / 2)
  expect(following.get(VIEWER)?.length).toBeGreaterThan(50)
  expect(following.get(VIEWER)?.length).toBeLessThanOrEqual(125)
})
