import type { Imports } from '../../catalog/photos/imports.ts'
import { DarkroomError } from '../../errors.ts'
import { examine, toldFailure } from '../../import/examine.ts'
import type { FileLine, Line } from '../../import/line.ts'
import { externalIdOf, ownerOf, timeOf } from '../../import/run/decide.ts'
import type { TakeInOptions } from '../../import/run/take-in.ts'
import type { Source } from '../../import/source.ts'

type Planned = { outcome: string; owner: string | null; hasTime: boolean; bytes: number }

/**
 * What an import would do, as far as the beginning of each file tells: bytes that the owner has already are met when
 * they are read to their end.
 */
export async function planImport(
  source: Source,
  imports: Pick<Imports, 'find'>,
  options: TakeInOptions,
  { json }: { json?: true },
): Promise<string> {
  const outcomes: Record<string, number> = {}
  const owners = new Set<string>()
  let [withoutTime, bytes] = [0, 0]
  for await (const line of source.lines()) {
    const planned = await plan(line, imports, options)
    outcomes[planned.outcome] = (outcomes[planned.outcome] ?? 0) + 1
    if (planned.owner === null) continue
    if (owners.size < 1_000_000) owners.add(planned.owner)
    bytes += planned.bytes
    if (!planned.hasTime) withoutTime += 1
  }
  if (json)
    return JSON.stringify({ source: options.source, outcomes, owners: owners.size, bytes, withoutTime })
  return [
    `${options.source}, for ${owners.size.toLocaleString('en')} owners; nothing was changed`,
    ...Object.entries(outcomes).map(
      ([name, count]) => `  ${name.padEnd(32)} ${count.toLocaleString('en').padStart(11)}`,
    ),
    `  ${(bytes / 1e6).toFixed(1)} MB; ${withoutTime.toLocaleString('en')} tell no time`,
  ].join('\n')
}

async function plan(line: Line, imports: Pick<Imports, 'find'>, options: TakeInOptions): Promise<Planned> {
  const none = { owner: null, hasTime: false, bytes: 0 }
  if (line.kind === 'duplicate') return { ...none, outcome: 'already_there: same_bytes' }
  if (line.kind !== 'file') return { ...none, outcome: `${line.kind}: ${line.code}` }
  try {
    return await planFile(line, imports, options)
  } catch (error) {
    if (!(error instanceof DarkroomError)) throw error
    const { kind, code } = toldFailure(line.file, error)
    return { ...none, outcome: `${kind}: ${code}` }
  }
}

async function planFile(
  { file, facts }: FileLine,
  imports: Pick<Imports, 'find'>,
  { source, choices, exifOffset }: TakeInOptions,
): Promise<Planned> {
  const owner = ownerOf(facts, file, choices)
  const externalId = externalIdOf(facts)
  const known = externalId === null ? null : await imports.find({ source, externalId, owner })
  if (known) return { outcome: 'already_there: known', owner: null, hasTime: true, bytes: 0 }
  const { takenAt, body } = await examine(file, exifOffset)
  // Its beginning was enough.
  for await (const _ of body) break
  return {
    outcome: 'would be imported',
    owner,
    hasTime: timeOf(facts, takenAt, file, choices) !== null,
    bytes: file.size ?? 0,
  }
}
