import { readFile } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { ownBytes } from '../bench/process-figures.ts'
import { startDarkroom } from './support/darkroom.ts'
import { openTestDatabase } from './support/database.ts'
import { fixture } from './support/pictures.ts'
import { temporaryHome } from './support/processes/temporary-home.ts'
import { serveAlone } from './support/serve-alone.ts'
import { openUpload } from './support/uploads.ts'

const CLIENTS = 200
const PORTION = Buffer.alloc(64 * 1024, 0x55)
/** As much as 600 MB together. */
const PORTIONS = 48
const PAUSE_MS = 200
/** Well above the 90 to 190 that the collector leaves lying, and far below what was sent. */
const MAX_RISE_MB = 300

/** The most memory a process ever had, in MB. */
async function peakMemory(pid: number): Promise<number> {
  const [, kB] = /VmHWM:\s+(\d+) kB/.exec(await readFile(`/proc/${pid}/status`, 'utf8')) ?? []
  return Number(kB) / 1000
}

test.runIf(process.platform === 'linux')(
  `${CLIENTS} slow clients with 3 MB each raise the API by less than ${MAX_RISE_MB} MB (on Linux, where /proc tells)`,
  async () => {
    await using database = await openTestDatabase()
    await using home = await temporaryHome()
    await using api = await serveAlone(home.path, database.url)
    const jpeg = await fixture('plain.jpg')
    await fetch(`${api.url}/v1/filters`)
    const before = await peakMemory(api.pid)

    const clients = await Promise.all(Array.from({ length: CLIENTS }, () => openUpload(api)))
    for (const client of clients) await client.beginFile()
    await Promise.all(clients.map((client) => client.send(jpeg)))
    for (let portion = 0; portion < PORTIONS; portion++) {
      await Promise.all([sleep(PAUSE_MS), ...clients.map((client) => client.send(PORTION))])
    }
    const during = await peakMemory(api.pid)
    for (const { socket } of clients) socket.destroy()

    expect(during - before).toBeLessThan(MAX_RISE_MB)
  },
)

test.runIf(process.platform === 'linux')(
  'darkroom start holds less than 250 MB of its own in all its processes while it has nothing to do (on Linux, where /proc tells)',
  async () => {
    await using home = await temporaryHome()
    await using darkroom = await startDarkroom(home.path)

    expect((await ownBytes(darkroom.pid)) / 1e6).toBeLessThan(250)
  },
)
