import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { basename, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { freePort } from '../src/embedded-postgres/free-port.ts'
import type { Bench } from './bench.ts'
import { processorSeconds, proportionalBytes } from './process-figures.ts'
import { upload } from './upload-request.ts'

const POLL_MS = 5
const LOOK_MS = 250
/** Quiet is a second in which all processes together use less of a core than that. */
const QUIET = 0.2
const LOOKS_UNTIL_QUIET = 4

/** Darkroom as a checkout has it, of whatever commit: known by its commands and its API alone. */
export type Checkout = AsyncDisposable & {
  /** Milliseconds of CPU that everything the photo wants costs, in all processes together. */
  cpuOf(form: Buffer): Promise<number>
  /** Milliseconds from the last byte of the upload until the photo is ready. */
  timeToReady(form: Buffer): Promise<number>
  /** Megabytes of all processes together, when there is nothing to do; what they share is counted once. */
  idleMegabytes(): Promise<number>
}

/** `darkroom start` of the checkout, in a home of its own. Resolves when it has nothing left to do. */
export async function startCheckout(path: string, bench: Bench): Promise<Checkout> {
  const node = join(path, 'node_modules/.bin/node')
  const command = existsSync(node) ? node : process.execPath
  const cli = join(path, 'src/cli.ts')
  const port = await freePort()
  const env = {
    PATH: process.env.PATH,
    DARKROOM_HOME: await bench.makeFolder(basename(path)),
    PORT: String(port),
    LOG_LEVEL: 'error',
  }
  const child = spawn(command, [cli, 'start'], { cwd: path, env, stdio: ['ignore', 'ignore', 'inherit'] })
  const ended = once(child, 'exit')
  await using opened = new AsyncDisposableStack()
  opened.defer(async () => {
    child.kill()
    await ended
  })
  const pid = child.pid ?? 0
  const url = `http://127.0.0.1:${port}`
  await Promise.race([untilReady(url), ended.then(() => Promise.reject(new Error(`${path} did not start`)))])
  const { stdout } = await promisify(execFile)(command, [cli, 'token', 'bench'], { cwd: path, env })
  const target = { url, token: stdout.trim() }
  await untilQuiet(pid)

  const disposal = opened.move()
  return {
    cpuOf: async (form) => {
      const before = await processorSeconds(pid)
      await upload(target, form)
      await untilQuiet(pid)
      return ((await processorSeconds(pid)) - before) * 1000
    },
    timeToReady: async (form) => {
      const { id, sentAt } = await upload(target, form)
      const readyAt = await untilProcessed(target, id)
      await untilQuiet(pid)
      return readyAt - sentAt
    },
    idleMegabytes: async () => {
      await untilQuiet(pid)
      return (await proportionalBytes(pid)) / 1e6
    },
    [Symbol.asyncDispose]: () => disposal.disposeAsync(),
  }
}

async function untilReady(url: string): Promise<void> {
  while (!(await fetch(`${url}/readyz`).catch(() => null))?.ok) await sleep(LOOK_MS)
}

async function untilProcessed({ url, token }: { url: string; token: string }, id: string): Promise<number> {
  for (;;) {
    const reply = await fetch(`${url}/v1/photos/${id}`, { headers: { authorization: `Bearer ${token}` } })
    const { status } = (await reply.json()) as { status: string }
    if (status === 'ready') return performance.now()
    if (status !== 'processing') throw new Error(`photo ${id} is ${status}`)
    await sleep(POLL_MS)
  }
}

/** What is left to do nobody tells who knows only the API; that nothing is done any more is seen. */
async function untilQuiet(pid: number): Promise<void> {
  for (let quiet = 0, before = await processorSeconds(pid); quiet < LOOKS_UNTIL_QUIET; ) {
    await sleep(LOOK_MS)
    const now = await processorSeconds(pid)
    quiet = now - before < (QUIET * LOOK_MS) / 1000 ? quiet + 1 : 0
    before = now
  }
}
