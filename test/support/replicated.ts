import { readFile } from 'node:fs/promises'
import pg from 'pg'
import { isOurs, startDaemon } from '../../scripts/services/daemon.ts'
import { postgres } from '../../scripts/services/postgres.ts'
import { startTemporarily } from '../../scripts/services/running-service.ts'
import { serverAccount } from '../../src/embedded-postgres/account.ts'

/** A server that can be asked, and hit. URLs are those of its database `postgres`. */
export type Server = {
  url: string
  /** The same server, another database of it. */
  urlOf(database: string): string
  query(...statements: string[]): Promise<Record<string, unknown>[]>
  /** To it and all of its helpers. */
  signal(signal: NodeJS.Signals): Promise<void>
  /** It goes at once, and resolves when its processes are gone. */
  kill(): Promise<void>
  /** As it was, on its port. */
  start(): Promise<void>
}

/** A PostgreSQL of the test's own, and replicas that stream from it. Disposing ends all, whatever state they are in. */
export type Replicated = AsyncDisposable & { primary: Server; replicas: Server[] }

export async function startReplicated(replicas = 1): Promise<Replicated> {
  const running = await startTemporarily(postgres({ replicas }))
  const urls = (running.env.DATABASE_URL as string).split('|')
  const servers = await Promise.all(urls.map(serverAt))
  return {
    primary: servers[0] as Server,
    replicas: servers.slice(1),
    [Symbol.asyncDispose]: async () => {
      for (const server of servers) {
        await server.signal('SIGCONT')
        await server.kill()
      }
      await running[Symbol.asyncDispose]()
    },
  }
}

async function serverAt(url: string): Promise<Server> {
  const query: Server['query'] = async (...statements) => {
    const client = new pg.Client({ connectionString: url })
    client.on('error', () => {})
    await client.connect()
    try {
      let rows: Record<string, unknown>[] = []
      for (const statement of statements) rows = (await client.query(statement)).rows
      return rows
    } finally {
      await client.end()
    }
  }
  const [{ file }] = (await query("select pg_read_file('postmaster.pid') as file")) as [{ file: string }]
  const [first, data = ''] = file.split('\n')
  let pid = Number(first)
  const [program = '', ...args] = (await readFile(`/proc/${pid}/cmdline`, 'utf8')).split('\0').slice(0, -1)
  const isThere = () => isOurs(pid, data)
  return {
    url,
    urlOf: (database) => Object.assign(new URL(url), { pathname: database }).href,
    query,
    signal: async (signal) => {
      if (!isThere()) return
      const helpers = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8')
      for (const each of [String(pid), ...helpers.trim().split(' ')]) {
        // A helper may be gone by now.
        if (isOurs(Number(each), '')) process.kill(Number(each), signal)
      }
    },
    kill: async () => {
      if (isThere()) process.kill(pid, 'SIGQUIT')
      while (isThere()) await new Promise((resolve) => setTimeout(resolve, 20))
    },
    start: async () => {
      pid = startDaemon(program, args, `${data}.log`, await serverAccount())
      for (;;) {
        const isUp = await query('select 1').then(
          () => true,
          () => false,
        )
        if (isUp) return
        await new Promise((resolve) => setTimeout(resolve, 50))
      }
    },
  }
}
