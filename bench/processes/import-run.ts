// Does the work of imports, one after the other, as `darkroom import` does when it has started.
import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { loadConfig } from '../../src/config/config.ts'
import { type Line, NO_FACTS } from '../../src/import/line.ts'
import { inventoryLines } from '../../src/import/lists/inventory.ts'
import { createAdopt } from '../../src/import/run/adopt.ts'
import { ADOPTED, COPIED, IMPORT, importRun } from '../../src/import/run/import-run.ts'
import { Pace } from '../../src/import/run/pace.ts'
import { createTakeIn } from '../../src/import/run/take-in.ts'
import { openSource, type Source } from '../../src/import/source.ts'
import { createKeep } from '../../src/ingest/ingest.ts'
import { createLog } from '../../src/log.ts'
import type { OwnerId } from '../../src/photo/shard.ts'
import { collectForUploads } from '../../src/process/collect-for-uploads.ts'
import { workRuns } from '../../src/runs/work-runs.ts'
import { openServices } from '../../src/services.ts'
import { DiskStore } from '../../src/storage/disk-store.ts'
import { answer } from '../script-process.ts'

/** A folder that is copied for an owner; so many lines of many owners that are adopted; or an inventory that lies in a folder. */
export type ImportQuestion =
  | { what: 'folder'; path: string; owner: string }
  | { what: 'adopted'; lines: number; owners: number }
  | { what: 'inventory'; path: string }

const ASK_MS = 20

collectForUploads()
const config = loadConfig(process.env)
const log = createLog('import', 'warn')
const services = await openServices(config, log, { connections: 24 })

answer<ImportQuestion, null>(async (question) => {
  const { catalog, store, queue, filters } = services
  const { imports, adoptions, runs } = catalog
  const { maxUploadBytes } = config
  const keep = createKeep({ catalog, store, maxUploadBytes, interrupt: new AbortController().signal })
  const owner = question.what === 'folder' ? (question.owner as OwnerId) : null
  const choices = { owner, ownerFrom: /^([^/]+)\//u, visibility: 'public', postedAt: 'mtime' } as const
  const taking = (run: number) => ({
    run,
    source: 'bench',
    choices: owner ? { ...choices, ownerFrom: null } : choices,
    exifOffset: null,
  })
  const isCopied = question.what === 'folder'
  const kind = importRun({
    openSource: async () => await sourceOf(question),
    createTakeIn: (_source, run) =>
      isCopied
        ? createTakeIn({ imports, keep, store, queue, filters, log }, taking(run))
        : createAdopt({ adoptions, filters, maxUploadBytes, isOwn: () => false }, taking(run)),
    ...(isCopied ? COPIED : ADOPTED),
    pace: new Pace({ rate: null }, async (upTo) => (isCopied ? await imports.waiting(upTo) : 0)),
    maxFailures: 1,
    reportPath: (run) => join(config.home, `run-${run}.ndjson`),
  })
  const run = await runs.start({ kind: IMPORT, selection: {}, slices: [{}] })
  await using _working = workRuns({ engines: services, kinds: [kind], log, only: [run], askMs: ASK_MS })
  for (;;) {
    const { state, reason, failed } = await runs.find(run)
    if (state === 'complete' && failed === 0) return null
    if (state !== 'running') throw new Error(`The import is ${state}, with ${failed} failed: ${reason}`)
    await sleep(ASK_MS)
  }
})

async function sourceOf(question: ImportQuestion): Promise<Source> {
  const nothing = { [Symbol.asyncDispose]: async () => {} }
  switch (question.what) {
    case 'folder':
      return await openSource(
        [question.path],
        { as: 'folder', withOriginals: false, root: null },
        { openBucket: () => Promise.reject(new Error('no bucket was named')), temporary: config.home },
      )
    case 'adopted':
      return { name: 'bench', lines: () => adoptedLines(question), ...nothing }
    case 'inventory': {
      const store = await DiskStore.open(question.path)
      const lists = {
        read: async (key: string) => await store.read(key),
        open: async (key: string) => await store.open(key),
      }
      const objects = { open: lists.open, look: async () => null }
      const places = { lists, openBucket: async () => ({ url: 's3://old', objects }), temporary: config.home }
      return { name: 'bench', lines: () => inventoryLines(places, 'lists/manifest.json'), ...nothing }
    }
  }
}

/** As an inventory tells them. */
async function* adoptedLines({ lines, owners }: { lines: number; owners: number }): AsyncGenerator<Line> {
  const prefix = randomUUID()
  for (let index = 0; index < lines; index++) {
    const path = `owner-${index % owners}/${prefix}/${index}.jpg`
    const known = { size: 3_000_000 + index, modifiedAt: new Date(1.4e12 + index * 1_000) }
    const locate = async () => ({
      from: `s3://old-photos/${path}`,
      etag: prefix.replaceAll('-', ''),
      ...known,
    })
    const file = { path, ...known, crc32: null, open: () => (async function* () {})(), locate }
    yield { kind: 'file', file, facts: { ...NO_FACTS, externalId: path } }
  }
}
