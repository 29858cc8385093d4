import { expect, test } from 'vitest'
import { EngineUnavailableError } from '../src/errors.ts'
import { openPostgresQueue } from '../src/queue/postgres-queue.ts'
import { jobQueueContract } from './contracts/job-queue.ts'
import { openTestDatabase } from './support/database.ts'
import { silentLog } from './support/service.ts'

jobQueueContract('BullMQ on PostgreSQL', async () => {
  const database = await openTestDatabase()
  const queue = openPostgresQueue(database.url, silentLog)
  const dispose = queue[Symbol.asyncDispose].bind(queue)
  return Object.assign(queue, {
    [Symbol.asyncDispose]: async () => {
      await dispose()
      await database[Symbol.asyncDispose]()
    },
  })
})

test('a queue whose server is away says so', async () => {
  await using queue = openPostgresQueue('postgres://nobody:x@127.0.0.1:1/none', silentLog)

  await expect(queue.check()).rejects.toThrow(EngineUnavailableError)
})
