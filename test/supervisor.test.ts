import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, test, vi } from 'vitest'
import { SetupError } from '../src/errors.ts'
import { pauseAfter } from '../src/supervisor/keep-alive.ts'
import { OnDemand } from '../src/supervisor/on-demand.ts'
import { type SuperviseOptions, supervise } from '../src/supervisor/supervisor.ts'
import { recordingLog } from './support/processes/recording-log.ts'
import { isAlive, runScript, scriptPath } from './support/processes/script.ts'
import { temporaryHome } from './support/processes/temporary-home.ts'

function superviseScript(name: string, options: Partial<SuperviseOptions> & { args?: string[] } = {}) {
  const { log, lines } = recordingLog()
  const { args = [], ...rest } = options
  const command = [scriptPath(name), ...args]
  return { child: supervise({ name, command, env: process.env, log, ...rest }), lines }
}

const patience = { timeout: 60_000, interval: 20 }

describe('a supervised child', () => {
  test('says when it is ready, and what it wants its supervisor to know', async () => {
    const { child } = superviseScript('worker')
    await using _ = child

    const ready = await child.ready

    expect(ready).toEqual({ pid: child.pid })
  })

  test('is started again when it was killed, with one line in the log', async () => {
    const { child, lines } = superviseScript('worker')
    await using _ = child
    const { pid } = (await child.ready) as { pid: number }

    process.kill(pid, 'SIGKILL')

    const next = await vi.waitFor(() => {
      expect(child.pid).not.toBeOneOf([pid, null])
      return child.pid
    }, patience)
    expect(isAlive(Number(next))).toBe(true)
    expect(lines).toEqual([
      {
        level: 'warn',
        fields: { process: 'worker', pid, code: null, signal: 'SIGKILL', pauseMs: 0 },
        message: 'worker was killed by SIGKILL; starting it again',
      },
    ])
  })

  test('is started again after growing pauses when it keeps ending', async () => {
    const { child, lines } = superviseScript('crashing')
    await using _ = child

    await vi.waitFor(() => expect(lines.length).toBeGreaterThanOrEqual(4), patience)

    expect(lines.slice(0, 4).map(({ fields }) => fields.pauseMs)).toEqual([0, 250, 500, 1000])
    expect(lines[3]?.message).toBe('crashing ended with exit code 3; starting it again in 1000 ms')
  })

  test('is replaced at once, and without a warning, when it leaves by itself', async () => {
    const { child, lines } = superviseScript('leaving')
    await using _ = child
    const { pid } = (await child.ready) as { pid: number }

    await vi.waitFor(() => expect(lines.length).toBeGreaterThanOrEqual(3), patience)

    expect(lines[0]).toEqual({
      level: 'info',
      fields: { process: 'leaving', pid, reason: 'it is tired' },
      message: 'leaving is replaced',
    })
    expect(lines.every(({ level }) => level === 'info')).toBe(true)
  })

  test('tells its successor what it was doing when it died, and nothing once that is done', async () => {
    await using home = await temporaryHome()
    const file = join(home.path, 'lives')
    const { child } = superviseScript('dying', { args: [file] })
    await using _ = child

    const lives = await vi.waitUntil(async () => {
      const lines = (await readFile(file, 'utf8').catch(() => '')).trim().split('\n')
      return lines.length >= 4 && lines.slice(0, 4)
    }, patience)

    expect(lives).toEqual(['null', '{"job":1}', 'null', '{"job":1}'])
  })

  test('tells what it is about to do, and that it does nothing once it is dead', async () => {
    await using home = await temporaryHome()
    const tasks: unknown[] = []
    const { child } = superviseScript('dying', {
      args: [join(home.path, 'lives')],
      onTask: (task) => tasks.push(task),
    })
    await using _ = child

    await vi.waitUntil(() => tasks.length >= 2, patience)

    expect(tasks.slice(0, 2)).toEqual([{ job: 1 }, null])
  })

  test('is not started again when it failed before it was ever ready', async () => {
    const { child } = superviseScript('failing')
    await using _ = child

    await expect(child.ready).rejects.toThrow(SetupError)

    expect(child.pid).toBeNull()
  })

  test('finishes what it has begun when its supervisor is disposed', async () => {
    await using home = await temporaryHome()
    const file = join(home.path, 'work')
    const { child, lines } = superviseScript('worker', { args: [file] })
    const { pid } = (await child.ready) as { pid: number }

    await child[Symbol.asyncDispose]()

    expect(await readFile(file, 'utf8')).toBe('finished')
    expect(isAlive(pid)).toBe(false)
    expect(lines).toEqual([])
  })

  test('is killed when it does not stop in time', async () => {
    const { child, lines } = superviseScript('stubborn', { stopWithinMs: 100 })
    await child.ready
    const pid = Number(child.pid)

    await child[Symbol.asyncDispose]()

    expect(isAlive(pid)).toBe(false)
    expect(lines.map(({ message }) => message)).toEqual([
      'stubborn did not stop within 100 ms and was killed',
    ])
  })

  test('stays down when it is disposed between two starts', async () => {
    const { child, lines } = superviseScript('crashing')
    await vi.waitFor(() => expect(lines.length).toBeGreaterThanOrEqual(3), patience)

    await child[Symbol.asyncDispose]()

    expect(child.pid).toBeNull()
  })

  test('tells who waits for it that it was stopped before it was ready', async () => {
    const { child } = superviseScript('worker')

    await child[Symbol.asyncDispose]()

    await expect(child.ready).rejects.toThrow('worker was stopped before it was ready')
  })

  test('ends by itself when its supervisor is killed', async () => {
    await using supervisor = runScript('supervising', [])
    const pid = Number(await supervisor.nextLine())
    expect(isAlive(pid)).toBe(true)

    supervisor.child.kill('SIGKILL')

    await vi.waitFor(() => expect(isAlive(pid)).toBe(false), patience)
  })
})

describe('a child that runs on demand', () => {
  test('ends when it has nothing to do, is not replaced, and runs again when it is wanted', async () => {
    const { log, lines } = recordingLog()
    const news: unknown[] = []
    const options = { name: 'idle', command: [scriptPath('idle')], env: process.env, log }
    await using child = new OnDemand({ ...options, onNews: (each) => void news.push(each) })
    expect(child.isRunning).toBe(false)

    child.start()
    child.start()
    expect(child.isRunning).toBe(true)
    await vi.waitFor(() => expect(child.isRunning).toBe(false), patience)
    child.start()
    await vi.waitFor(() => expect(child.isRunning).toBe(false), patience)

    expect(news).toEqual([{ pid: expect.any(Number) }, { pid: expect.any(Number) }])
    expect(news[0]).not.toEqual(news[1])
    expect(lines.filter(({ level }) => level !== 'debug')).toEqual([])
  })

  test('is started again when it died of its work, and is stopped with its supervisor', async () => {
    const { log } = recordingLog()
    const pids: number[] = []
    const options = { name: 'worker', command: [scriptPath('worker')], env: process.env, log }
    const child = new OnDemand({ ...options, onNews: (pid) => void pids.push(pid as number) })
    child.start()
    await vi.waitFor(() => expect(pids.length).toBe(1), patience)

    process.kill(pids[0] as number, 'SIGKILL')
    await vi.waitFor(() => expect(pids.length).toBe(2), patience)
    await child[Symbol.asyncDispose]()

    expect(isAlive(pids[1] as number)).toBe(false)
    child.start()
    expect(child.isRunning).toBe(false)
  })
})

test.runIf(process.platform === 'linux')(
  'a child of the lowest priority has it in all of its threads, and in its session',
  async () => {
    const { child } = superviseScript('worker', { nice: 19 })
    await using _ = child
    const { pid } = (await child.ready) as { pid: number }

    const threads = await readdir(`/proc/${pid}/task`)
    const stats = await Promise.all(
      threads.map((thread) => readFile(`/proc/${pid}/task/${thread}/stat`, 'utf8')),
    )
    // Behind the name in parentheses, which is the second field, nice is the nineteenth.
    const nice = stats.map((stat) => Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[16]))

    expect(nice.length).toBeGreaterThan(1)
    expect(new Set(nice)).toEqual(new Set([19]))
    // A kernel without the feature has no such file.
    const session = await readFile(`/proc/${pid}/autogroup`, 'utf8').catch(() => 'nice 19')
    expect(session).toContain('nice 19')
  },
)

describe('a process without a supervisor', () => {
  test('finishes what it has begun, however often it is interrupted', async () => {
    await using home = await temporaryHome()
    const file = join(home.path, 'work')
    await using worker = runScript('worker', [file])
    await worker.nextLine()

    worker.child.kill('SIGINT')
    worker.child.kill('SIGINT')
    worker.child.kill('SIGTERM')

    expect(await worker.ended).toEqual({ code: 0, signal: null })
    expect(await readFile(file, 'utf8')).toBe('finished')
  })
})

test('a pause is never shorter than the one before and never longer than 5 s', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 10_000 }), (deaths) => {
      const pause = pauseAfter(deaths + 1)

      expect(pause).toBeGreaterThanOrEqual(pauseAfter(deaths))
      expect(pause).toBeLessThanOrEqual(5_000)
    }),
  )
})
