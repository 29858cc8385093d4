import { fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'

type Answer<Result> = { result: Result } | { problem: string }

/** A script of bench/processes/ that runs beside us and answers one question after the other. */
export type ScriptProcess<Question, Result> = AsyncDisposable & {
  readonly pid: number
  /** Rejects with what the script threw, or when it ends instead of answering. */
  ask(question: Question): Promise<Result>
}

/** Starts the script with those arguments, that environment only, and those flags for Node. */
export function startScript<Question extends object, Result>(
  script: string,
  args: readonly string[],
  env: Record<string, string> = {},
  nodeFlags: readonly string[] = [],
): ScriptProcess<Question, Result> {
  const child = fork(join(import.meta.dirname, 'processes', script), args, {
    env: { PATH: process.env.PATH, ...env },
    execArgv: [...nodeFlags],
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  })
  const exited = once(child, 'exit')
  // Whoever asks learns of it.
  exited.catch(() => {})
  return {
    pid: child.pid ?? 0,
    ask: async (question) => {
      const answered = once(child, 'message')
      child.send(question)
      const [answer] = (await Promise.race([answered, exited])) as [Answer<Result> | number | null]
      if (answer === null || typeof answer === 'number')
        throw new Error(`${script} ended instead of answering.`)
      if ('problem' in answer) throw new Error(`${script}: ${answer.problem}`)
      return answer.result
    },
    [Symbol.asyncDispose]: async () => {
      child.kill('SIGKILL')
      await exited
    },
  }
}

/** For the script: answers each question, until whoever asks is gone. */
export function answer<Question, Result>(reply: (question: Question) => Promise<Result>): void {
  process.on('disconnect', () => process.exit())
  process.on('message', (question: Question) => {
    reply(question).then(
      (result) => process.send?.({ result }),
      (error: unknown) => process.send?.({ problem: error instanceof Error ? error.stack : String(error) }),
    )
  })
}
