import { appendFile, chmod, mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { endProcesses, isOurs, startDaemon } from '../../scripts/services/daemon.ts'
import { argumentsOf, copyCluster, follow, untilAnswers } from '../../scripts/services/postgres.ts'
import { serverAccount } from '../../src/embedded-postgres/account.ts'
import { findBinaries } from '../../src/embedded-postgres/binaries.ts'
import { dataIn } from '../../src/embedded-postgres/cluster.ts'
import { startEmbeddedPostgres } from '../../src/embedded-postgres/embedded-postgres.ts'
import { freePort } from '../../src/embedded-postgres/free-port.ts'
import type { Log } from '../../src/log.ts'
import { openPool } from '../../src/postgres/connections.ts'
import { childrenOf } from '../processes.ts'
import { processVictim, type Victim } from '../victim.ts'

const AGAIN_MS = 200

/** A replica that streams from a database. Disposing ends it. */
export type Replica = AsyncDisposable & { url: string; victim: Victim }

/**
 * Copies the cluster of a database in `directory`, which does not run yet, to `folder`, which is never full. What
 * is returned makes the copy stream from the database, when that runs.
 */
export async function copyForReplica(
  directory: string,
  folder: string,
  log: Log,
): Promise<(primary: string) => Promise<Replica>> {
  const account = await serverAccount()
  const { postgres } = await findBinaries(account)
  // It makes the cluster when it starts.
  await (await startEmbeddedPostgres({ directory, log }))[Symbol.asyncDispose]()
  // As long as the replica is away at most.
  await appendFile(join(dataIn(directory), 'postgresql.conf'), `\nwal_keep_size = '1GB'\n`)
  await mkdir(folder)
  // PostgreSQL is not root's.
  await chmod(folder, 0o711)
  const copy = join(folder, 'replica')
  await copyCluster(dataIn(directory), copy, account)

  return async (primary) => {
    const { hostname, port, username, password } = new URL(primary)
    await follow(copy, `host=${hostname} port=${port} user=${username} password=${password}`)
    const ownPort = await freePort()
    const url = Object.assign(new URL(primary), { port: ownPort }).href
    let pid: number
    const start = async () => {
      // Helpers of one that was killed may hold its memory for a moment.
      do {
        pid = startDaemon(postgres, argumentsOf(copy, ownPort), join(folder, 'replica.log'), account)
        await sleep(AGAIN_MS)
      } while (!isOurs(pid, copy))
    }
    await start()
    await untilAnswers(url)
    const process = processVictim({
      name: 'the replica',
      pids: async () => [pid, ...(await childrenOf(pid)).map((child) => child.pid)],
      revive: start,
    })
    return {
      url,
      victim: { ...process, blows: { ...process.blows, lag: (ms) => lag(url, ms) } },
      [Symbol.asyncDispose]: async () => await endProcesses([pid], copy, 'SIGQUIT'),
    }
  }
}

/** It takes what its database writes, and shows none of it for so long. */
async function lag(url: string, ms: number): Promise<boolean> {
  const tell = async (statement: string): Promise<boolean> => {
    try {
      await using opened = openPool({ url, max: 1 })
      await opened.pool.query(statement)
      return true
    } catch {
      return false
    }
  }
  if (!(await tell('select pg_wal_replay_pause()'))) return false
  await sleep(ms)
  // One that was killed meanwhile goes on by itself.
  while (!(await tell('select pg_wal_replay_resume()'))) await sleep(AGAIN_MS)
  return true
}
