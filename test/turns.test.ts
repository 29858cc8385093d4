import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { type Task, takeTurn, takeTurns } from '../src/sweep/turns.ts'
import { silentLog, startService } from './support/service.ts'

const never = new AbortController().signal

test('of many servers one has the turn, and the next comes after a pause', async () => {
  await using service = await startService()
  let running = 0
  let most = 0
  let turns = 0
  const task: Task<null> = {
    name: 'a task',
    pauseMs: 50,
    work: async () => {
      running += 1
      most = Math.max(most, running)
      turns += 1
      await sleep(30)
      running -= 1
    },
  }
  const stopping = new AbortController()

  const servers = ['a', 'b', 'c', 'd'].map((holder) =>
    takeTurns(service, holder, task, silentLog, stopping.signal),
  )
  await expect.poll(() => turns).toBeGreaterThan(5)
  stopping.abort()
  await Promise.all(servers)

  expect(most).toBe(1)
})

test('a turn that has ended is followed by none until its pause is over', async () => {
  await using service = await startService()
  const task: Task<null> = { name: 'a task', pauseMs: 600_000, work: async () => {} }

  expect(await takeTurn(service, 'a', task, never)).toBe(true)
  expect(await takeTurn(service, 'b', task, never)).toBe(false)
  await service.database.query("update leases set expires_at = now() - interval '1 second'")
  expect(await takeTurn(service, 'b', task, never)).toBe(true)
})

test('who has the next turn goes on with what the last one kept, also when that was killed', async () => {
  await using service = await startService()
  const seen: (number | null)[] = []
  const task: Task<number> = {
    name: 'a task',
    pauseMs: 0,
    work: async ({ progress, keep }) => {
      seen.push(progress)
      await keep((progress ?? 0) + 1)
      if (progress === 1) throw new Error('killed')
    },
  }

  await takeTurn(service, 'a', task, never)
  await expect(takeTurn(service, 'a', task, never)).rejects.toThrow('killed')
  await takeTurn(service, 'b', task, never)

  expect(seen).toEqual([null, 1, 2])
})

test('who was held up until another took over keeps nothing any more', async () => {
  await using service = await startService()
  const task = (work: Task<string>['work']): Task<string> => ({ name: 'a task', pauseMs: 0, work })
  let found: string | null = null

  const late = takeTurn(
    service,
    'a',
    task(async ({ keep }) => {
      await service.database.query("update leases set expires_at = now() - interval '1 second'")
      await takeTurn(
        service,
        'b',
        task(async (turn) => await turn.keep('of b')),
        never,
      )
      await keep('of a')
    }),
    never,
  )

  await expect(late).rejects.toThrow('was lost')
  await takeTurn(
    service,
    'c',
    task(async ({ progress }) => {
      found = progress
    }),
    never,
  )
  expect(found).toBe('of b')
})

test('a stop waits for no turn that runs', async () => {
  await using service = await startService()
  const stopping = new AbortController()
  const begun = Promise.withResolvers<void>()
  const task: Task<null> = {
    name: 'a task',
    pauseMs: 0,
    work: async () => {
      begun.resolve()
      await new Promise(() => {})
    },
  }
  const taking = takeTurns(service, 'a', task, silentLog, stopping.signal)
  await begun.promise

  stopping.abort()

  await taking
})
