import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Redis } from 'ioredis'
import { buryWithUs, endProcesses, run } from '../../scripts/services/daemon.ts'
import { redis, startRedis } from '../../scripts/services/redis.ts'
import { isInstalled } from '../../scripts/services/service.ts'
import { freePort } from '../../src/embedded-postgres/free-port.ts'
import { needs } from './needs.ts'

export const testWithRedis = needs('Redis', isInstalled(redis), 'npm run services -- install redis')

export type TestRedis = AsyncDisposable & {
  url: string
  port: number
  folder: string
  pid: number
  /** Runs one command on it. */
  command(...args: [string, ...string[]]): Promise<unknown>
}

/** A Redis of the test's own on a free port. */
export async function openTestRedis(...options: string[]): Promise<TestRedis> {
  const folder = await mkdtemp(join(tmpdir(), 'darkroom-redis-'))
  const burial = buryWithUs(folder)
  const port = await freePort()
  const pid = await startRedis(folder, port, options)
  return {
    url: `redis://127.0.0.1:${port}`,
    port,
    folder,
    pid,
    command: async (...args) => {
      const client = new Redis(port)
      try {
        return await client.call(...args)
      } finally {
        client.disconnect()
      }
    },
    [Symbol.asyncDispose]: async () => {
      await endProcesses([pid], folder)
      await rm(folder, { recursive: true, force: true })
      burial[Symbol.dispose]()
    },
  }
}

/** Three servers that share the slots. */
export async function openTestCluster(): Promise<AsyncDisposable & { url: string }> {
  await using opened = new AsyncDisposableStack()
  const nodes: TestRedis[] = []
  for (let node = 0; node < 3; node++) {
    const busPort = String(await freePort())
    nodes.push(opened.use(await openTestRedis('--cluster-enabled', 'yes', '--cluster-port', busPort)))
  }
  const hosts = nodes.map(({ port }) => `127.0.0.1:${port}`)
  await run('redis-cli', ['--cluster', 'create', ...hosts, '--cluster-yes'])
  const owned = opened.move()
  return {
    url: `redis-cluster://${hosts.join(',')}`,
    [Symbol.asyncDispose]: async () => await owned.disposeAsync(),
  }
}

/** A server, and a sentinel that knows it as `mymaster`. */
export async function openTestSentinel(): Promise<AsyncDisposable & { url: string }> {
  await using opened = new AsyncDisposableStack()
  const server = opened.use(await openTestRedis())
  const conf = join(server.folder, 'sentinel.conf')
  await writeFile(conf, `sentinel monitor mymaster 127.0.0.1 ${server.port} 1\n`)
  const port = await freePort()
  const sentinel = await startRedis(server.folder, port, [conf, '--sentinel'])
  opened.defer(async () => await endProcesses([sentinel], server.folder))
  const owned = opened.move()
  return {
    url: `redis-sentinel://127.0.0.1:${port}/mymaster`,
    [Symbol.asyncDispose]: async () => await owned.disposeAsync(),
  }
}
