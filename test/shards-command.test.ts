import { expect, test } from 'vitest'
import type { OwnerId } from '../src/photo/shard.ts'
import { openEmptyDatabase } from './support/database.ts'
import { fixture } from './support/pictures.ts'
import { runDarkroom } from './support/run-darkroom.ts'
import { startService } from './support/service.ts'
import { ownersOf } from './support/shard-traffic.ts'
import { authorization, photoForm, postForm } from './support/uploads.ts'

const RANGE = { from: 1000, to: 1150 }
const nameIn = (url: string) => url.replace(/^.*@/, '')

test('`shards move` moves photos while a server takes in, shows and removes others', async () => {
  await using service = await startService()
  await using other = await openEmptyDatabase()
  await using _work = service.work()
  const env = { DARKROOM_HOME: service.config.home, DATABASE_URL: service.database.url }
  const photo = await fixture('plain.jpg')
  const replies: number[] = []
  const kept: { owner: OwnerId; id: string }[] = []
  let isMoving = true
  const use = async (owner: OwnerId) => {
    const headers = await authorization(service, owner)
    for (let turn = 0; isMoving || turn < 4; turn++) {
      const uploaded = await postForm(service, photoForm(photo), {}, owner)
      const { id } = (await uploaded.json()) as { id: string }
      const shown = await fetch(`${service.url}/v1/photos/${id}`, { headers })
      replies.push(uploaded.status, shown.status)
      if (turn % 2 === 0) kept.push({ owner, id })
      else replies.push((await fetch(`${service.url}/v1/photos/${id}`, { method: 'DELETE', headers })).status)
    }
  }

  const uses = Promise.all(ownersOf(RANGE, 3).map(use))
  const moved = await runDarkroom(['shards', 'move', '1000-1150', '--to', other.url], env)
  isMoving = false
  await uses
  const shown = await runDarkroom(['shards'], env)

  expect(moved).toMatchObject({ code: 0, stderr: '' })
  expect(new Set(replies)).toEqual(new Set([201, 200, 204]))
  for (const { owner, id } of kept) {
    const headers = { ...(await authorization(service, owner)) }
    const status = async () =>
      ((await (await fetch(`${service.url}/v1/photos/${id}`, { headers })).json()) as { status: string })
        .status
    await expect.poll(status).toBe('ready')
  }
  expect(shown.code).toBe(0)
  expect(shown.stdout).toMatch(new RegExp(`${nameIn(other.url)} +1000-1150 +\\d+\n`))
  expect(shown.stdout).toMatch(new RegExp(`${nameIn(service.database.url)} +0-999 +0\n`))
  expect(shown.stdout).toContain('Not where the configuration says: 1000-1150.')
  expect(shown.stdout).not.toContain('left behind')
})

test.each([
  [['shards', 'move', '9000', '--to', 'postgres://a/b'], '"9000" is no range of the shards'],
  [['shards', 'move', '1-2', '--to', 'redis://a'], '--to must be a URL'],
  [['shards', 'move', '1-2'], '--to'],
])('`%j` is refused in one line', async (args, line) => {
  const { code, stderr } = await runDarkroom(args, {})

  expect(code).toBe(1)
  expect(stderr).toContain(line)
})
