import { readFile } from 'node:fs/promises'
import { text } from 'node:stream/consumers'
import { parseShards } from '../../config/shard-ranges.ts'
import { SetupError } from '../../errors.ts'
import { type PhotoId, parsePhotoId } from '../../photo/photo-id.ts'
import type { Preset } from '../../photo/presets.ts'
import { RENDITION_FORMAT_NAMES } from '../../photo/rendition-formats.ts'
import { isOwnerId, OWNER_ID_RULE } from '../../photo/shard.ts'
import type { Choice } from '../../reprocess/select.ts'

/** What `darkroom reprocess` was told, word by word. */
export type ReprocessOptions = {
  missing?: true
  failed?: true
  all?: true
  owner?: string[]
  from?: Date
  to?: Date
  ids?: string
  shards?: string
  limit?: number
  oldestFirst?: true
  presets?: string[]
  formats?: string[]
  rate?: number
  share?: number
  replicaLag: number
  canary?: number
  maxFailures?: number
  keep: number
  maxDifference: number
  dryRun?: true
  sample: number
  workers: number
  yes?: true
  detach?: true
  json?: true
}

const MAX_IDS = 1_000_000

/** Which photos were chosen. Throws SetupError with what to write instead. */
export async function choiceOf(options: ReprocessOptions): Promise<Choice> {
  const given = (['owner', 'ids', 'shards'] as const).filter((name) => options[name] !== undefined)
  if (given.length > 1)
    throw new SetupError(`--${given.join(' and --')} can't be given together: choose one of them.`)
  const { missing, failed, all, from = null, to = null, limit = null } = options
  if (from && to && from >= to) throw new SetupError('--from must be before --to.')
  return {
    state: missing ? 'missing' : failed ? 'failed' : all ? 'all' : 'stale',
    owners: options.owner?.map(readOwner) ?? null,
    ids: options.ids === undefined ? null : await readIds(options.ids),
    shards: options.shards === undefined ? null : readShards(options.shards),
    from,
    to,
    newestFirst: !options.oldestFirst,
    limit,
  }
}

/** Throws SetupError when there is no such preset or format here. */
export function refuseUnknown({ presets, formats }: ReprocessOptions, known: readonly Preset[]): void {
  refuse(
    'preset',
    presets ?? [],
    known.map(({ name }) => name),
  )
  refuse('format', formats ?? [], RENDITION_FORMAT_NAMES)
}

function refuse(what: string, words: readonly string[], known: readonly string[]): void {
  const unknown = words.find((word) => !known.includes(word))
  if (unknown !== undefined)
    throw new SetupError(`There is no ${what} "${unknown}". These are: ${known.join(', ')}.`)
}

function readOwner(owner: string) {
  if (isOwnerId(owner)) return owner
  throw new SetupError(`"${owner.slice(0, 40)}" is no owner: those have ${OWNER_ID_RULE}.`)
}

function readShards(range: string) {
  const shards = parseShards(range)
  if (shards) return shards
  throw new SetupError(`"${range}" is no range of the shards 0 to 8191, such as 4096-8191 or 17.`)
}

/** One a line; what follows a comma or a blank is the list's own, as in a table of failures. */
async function readIds(path: string): Promise<PhotoId[]> {
  const lines = (await readList(path)).split('\n').map((line) => line.split(/[,;\s]/)[0] ?? '')
  const ids = new Set<PhotoId>()
  for (const [index, word] of lines.entries()) {
    if (word === '' || (index === 0 && /^"?(id|photo)"?$/i.test(word))) continue
    try {
      ids.add(parsePhotoId(word.replaceAll('"', '')))
    } catch (cause) {
      throw new SetupError(`Line ${index + 1} of the list: ${(cause as Error).message}`, { cause })
    }
  }
  if (ids.size === 0) throw new SetupError('The list of ids is empty.')
  if (ids.size > MAX_IDS)
    throw new SetupError(`The list has ${ids.size} ids; a run takes ${MAX_IDS}. Split it.`)
  return [...ids]
}

async function readList(path: string): Promise<string> {
  try {
    return path === '-' ? await text(process.stdin) : await readFile(path, 'utf8')
  } catch (cause) {
    throw new SetupError(`The list can't be read: ${(cause as Error).message}`, { cause })
  }
}
