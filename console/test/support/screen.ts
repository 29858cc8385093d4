import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import type { Readable } from 'node:stream'
import { findProgram } from '../../../test/support/programs.ts'

export const XVFB = findProgram('Xvfb')

export type Screen = AsyncDisposable & { display: string }

/** An X server without a screen, of a number that nobody has: Firefox draws WebGL on nothing less. */
export async function openScreen(): Promise<Screen> {
  const args = ['-displayfd', '3', '-screen', '0', '1600x1200x24', '-nolisten', 'tcp', '-noreset']
  const server: ChildProcess = spawn(XVFB as string, args, { stdio: ['ignore', 'ignore', 'ignore', 'pipe'] })
  const ended = once(server, 'exit')
  const number = once(server.stdio[3] as Readable, 'data').then(([chunk]) => String(chunk).trim())
  const display = await Promise.race([
    number,
    ended.then(() => Promise.reject(new Error('Xvfb ended before it had a display.'))),
  ])
  return {
    display: `:${display}`,
    [Symbol.asyncDispose]: async () => {
      server.kill()
      await ended
    },
  }
}
