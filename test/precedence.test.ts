import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { canEndWithParent, endingWithParent } from '../src/supervisor/parent-death.ts'
import { Precedence } from '../src/supervisor/precedence.ts'

const PATIENCE = { interval: 10 }

function startSleeper(): ChildProcess & Disposable {
  const child = spawn('sleep', ['600'])
  return Object.assign(child, { [Symbol.dispose]: () => void child.kill('SIGKILL') })
}

/** As /proc/PID/stat has it: T is stopped. None when the process is gone, or dead and not yet asked for. */
function stateOf(pid: number | undefined): string | undefined {
  try {
    const state = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.[0]
    return state === 'Z' ? undefined : state
  } catch {
    return undefined
  }
}

const isStopped = ({ pid }: ChildProcess) => stateOf(pid) === 'T'

describe.skipIf(process.platform !== 'linux')(
  'what gives way to others (on Linux, where /proc tells)',
  () => {
    // Its clock goes by as the test says, however slow the machine is.
    beforeEach(() => void vi.useFakeTimers({ toFake: ['performance', 'setTimeout', 'clearTimeout'] }))
    afterEach(() => void vi.useRealTimers())

    test('is paused while any of them works, and runs again when none does', async () => {
      using sleeper = startSleeper()
      using precedence = new Precedence(() => [sleeper.pid ?? 0])

      precedence.tell('one', true)
      precedence.tell('two', true)
      await expect.poll(() => isStopped(sleeper), PATIENCE).toBe(true)
      using signals = vi.spyOn(process, 'kill')
      precedence.tell('one', false)
      expect(signals).not.toHaveBeenCalled()
      precedence.tell('two', false)

      await expect.poll(() => isStopped(sleeper), PATIENCE).toBe(false)
    })

    test('has some of the time also beside work that never ends', async () => {
      using sleeper = startSleeper()
      using precedence = new Precedence(() => [sleeper.pid ?? 0])

      precedence.tell('one', true)

      for (const paused of [true, false, true, false]) {
        await expect.poll(() => isStopped(sleeper), PATIENCE).toBe(paused)
        await vi.advanceTimersToNextTimerAsync()
      }
    })

    test('has as much of it when short works follow each other without an end', async () => {
      using sleeper = startSleeper()
      using precedence = new Precedence(() => [sleeper.pid ?? 0])
      using signals = vi.spyOn(process, 'kill')
      let ran = 0

      for (let looks = 0; looks < 400; looks++) {
        precedence.tell('one', looks % 10 !== 0)
        await vi.advanceTimersByTimeAsync(10)
        if (signals.mock.lastCall?.[1] === 'SIGCONT') ran += 1
      }

      // Of four seconds.
      expect(ran).toBeGreaterThan(80)
    })

    test('runs when whoever pauses it is disposed, and stays so', async () => {
      using sleeper = startSleeper()
      const precedence = new Precedence(() => [sleeper.pid ?? 0])
      precedence.tell('one', true)
      await expect.poll(() => isStopped(sleeper), PATIENCE).toBe(true)

      precedence[Symbol.dispose]()
      precedence.tell('one', true)

      await expect.poll(() => isStopped(sleeper), PATIENCE).toBe(false)
    })

    test.skipIf(!canEndWithParent())('dies with its parent, also while it is paused', async () => {
      const command = JSON.stringify(endingWithParent(['sleep', '600']))
      const script = `
      const [file, ...args] = ${command}
      const child = require('node:child_process').spawn(file, args, { detached: true })
      setInterval(() => {}, 1000)
      console.log(child.pid)`
      const parent = spawn(process.execPath, ['-e', script])
      const [pid] = (await once(parent.stdout, 'data')).map(Number)
      await expect.poll(() => readFileSync(`/proc/${pid}/comm`, 'utf8').trim(), PATIENCE).toBe('sleep')
      process.kill(pid ?? 0, 'SIGSTOP')
      await expect.poll(() => stateOf(pid), PATIENCE).toBe('T')

      parent.kill('SIGKILL')

      await expect.poll(() => stateOf(pid), PATIENCE).toBeUndefined()
    })
  },
)
