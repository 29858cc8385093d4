import { chmod, chown, cp, mkdir, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { serverAccount } from '../../src/embedded-postgres/account.ts'
import { findBinaries } from '../../src/embedded-postgres/binaries.ts'
import { DATABASE, dataIn, prepareCluster, readPassword, USER } from '../../src/embedded-postgres/cluster.ts'
import { freePort } from '../../src/embedded-postgres/free-port.ts'
import { startDaemon } from './daemon.ts'
import type { Service } from './service.ts'

const STARTS_WITHIN_MS = 60_000

/** A PostgreSQL of those that npm brought, and replicas that stream from it. */
export function postgres({ replicas = 1 } = {}): Service {
  return {
    name: 'postgres',
    packages: [],
    programs: [],
    // It takes its helpers and its shared memory with it.
    endsBy: 'SIGQUIT',

    async start(folder, onProcess) {
      // PostgreSQL is not root's.
      await chmod(folder, 0o711)
      const account = await serverAccount()
      const home = join(folder, 'primary')
      await mkdir(home)
      const binaries = await findBinaries(account)
      await prepareCluster(home, account, binaries)
      const password = await readPassword(home)
      const start = async (data: string, port: number): Promise<string> => {
        const url = `postgres://${USER}:${password}@127.0.0.1:${port}/${DATABASE}`
        onProcess(startDaemon(binaries.postgres, argumentsOf(data, port), `${data}.log`, account))
        await untilAnswers(url)
        return url
      }

      const copies = Array.from({ length: replicas }, (_, n) => join(folder, `replica-${n + 1}`))
      // Before it runs for the first time: what it writes from then on is all that they lack.
      for (const copy of copies) await copyCluster(dataIn(home), copy, account)
      const port = await freePort()
      const primary = await start(dataIn(home), port)
      const source = `host=127.0.0.1 port=${port} user=${USER} password=${password}`
      const urls = await Promise.all(
        copies.map(async (copy, n) => {
          await follow(copy, `${source} application_name=replica-${n + 1}`)
          return await start(copy, await freePort())
        }),
      )
      return { DATABASE_URL: [primary, ...urls].join('|') }
    },
  }
}

/** Of a server that listens on the port alone, and keeps what replicas lack that were away. */
export function argumentsOf(data: string, port: number): string[] {
  const settings = [
    'listen_addresses=127.0.0.1',
    'unix_socket_directories=',
    'max_connections=200',
    'wal_keep_size=1GB',
    'fsync=off',
  ]
  return ['-D', data, '-p', String(port), ...settings.flatMap((setting) => ['-c', setting])]
}

/** Of a server that does not run. */
export async function copyCluster(
  from: string,
  to: string,
  account: Awaited<ReturnType<typeof serverAccount>>,
): Promise<void> {
  await cp(from, to, { recursive: true })
  if (!account) return
  for (const name of ['', ...(await readdir(to, { recursive: true }))])
    await chown(join(to, name), account.uid, account.gid)
}

/** From its next start on the cluster is a replica, which streams from there. */
export async function follow(data: string, source: string): Promise<void> {
  await writeFile(join(data, 'standby.signal'), '')
  await writeFile(join(data, 'postgresql.auto.conf'), `primary_conninfo = '${source}'\n`)
}

/** Throws when it does not within a minute. */
export async function untilAnswers(url: string): Promise<void> {
  const giveUpAt = Date.now() + STARTS_WITHIN_MS
  while (!(await answers(url))) {
    if (Date.now() > giveUpAt) throw new Error(`PostgreSQL does not answer at ${new URL(url).host}.`)
    await sleep(50)
  }
}

async function answers(url: string): Promise<boolean> {
  const client = new pg.Client({ connectionString: url })
  client.on('error', () => {})
  const isThere = await client.connect().then(
    () => true,
    () => false,
  )
  await client.end().catch(() => {})
  return isThere
}
