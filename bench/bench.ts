import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import pg from 'pg'
import { pino } from 'pino'
import { startEmbeddedPostgres } from '../src/embedded-postgres/embedded-postgres.ts'
import type { Log } from '../src/log.ts'
import { drawPhoto, PHOTOS, type PhotoName } from './photo.ts'

/** Where temporary files lie on a disk: on many systems /tmp is memory, where a sync costs nothing. */
const DISK = process.platform === 'linux' ? '/var/tmp' : tmpdir()

/** What all lines share. Disposing removes every file that was made. */
export type Bench = AsyncDisposable & {
  log: Log
  /** So many rounds of the whole measurement, or fewer when it is to be quick. */
  rounds(whole: number): number
  /** A new folder, and an empty database on the embedded PostgreSQL that all lines share. */
  makeHome(): Promise<{ home: string; databaseUrl: string }>
  /** A new folder that everybody may enter. */
  makeFolder(name: string): Promise<string>
  /** Another checkout of Darkroom to measure against, if one was named. */
  readonly against: string | null
  /** The process of that PostgreSQL; those of its connections are its children. */
  readonly postgresPid: number
  /** The file that has the photo, drawn when it is asked for the first time. */
  photo(name: PhotoName): Promise<string>
}

export type BenchOptions = { quick: boolean; against: string | undefined }

export async function openBench({ quick, against }: BenchOptions): Promise<Bench> {
  await using opened = new AsyncDisposableStack()
  const log = pino({ level: 'warn' }, pino.destination(2))
  const root = await mkdtemp(join(DISK, 'darkroom-bench-'))
  opened.defer(async () => await rm(root, { recursive: true, force: true }))
  // PostgreSQL, which runs as another account when we are root, must get through.
  await chmod(root, 0o711)
  const postgres = opened.use(await startEmbeddedPostgres({ directory: join(root, 'postgres'), log }))
  // Connections that are half closed by then say that the server ended: that is no news.
  opened.defer(() => {
    log.level = 'silent'
  })

  const photos = new Map<PhotoName, Promise<string>>()
  let homes = 0
  const disposal = opened.move()
  // After Ctrl-C the line that was interrupted fails, and must not end the process before all is removed.
  let disposed: Promise<void> | null = null
  return {
    log,
    rounds: (whole) => (quick ? Math.ceil(whole / 4) : whole),
    makeHome: async () => {
      const name = `bench_${++homes}`
      const databaseUrl = await createDatabase(postgres.url, name)
      return { home: join(root, name), databaseUrl }
    },
    makeFolder: async (name) => {
      const folder = await mkdtemp(join(root, `${name}-`))
      await chmod(folder, 0o711)
      return folder
    },
    against: against === undefined ? null : resolve(against),
    get postgresPid() {
      return postgres.pid ?? 0
    },
    photo: (name) => {
      const file = photos.get(name) ?? writePhoto(join(root, `${name}.jpg`), name)
      photos.set(name, file)
      return file
    },
    [Symbol.asyncDispose]: () => {
      disposed ??= disposal.disposeAsync()
      return disposed
    },
  }
}

async function createDatabase(serverUrl: string, name: string): Promise<string> {
  const client = new pg.Client({ connectionString: serverUrl })
  await client.connect()
  try {
    await client.query(`create database ${name}`)
  } finally {
    await client.end()
  }
  const url = new URL(serverUrl)
  url.pathname = name
  return url.href
}

async function writePhoto(path: string, name: PhotoName): Promise<string> {
  await writeFile(path, await drawPhoto(PHOTOS[name]))
  return path
}
