import { isDeepStrictEqual } from 'node:util'
import type { OwnerId } from '../../src/photo/shard.ts'
import { afterEdits, isGranted } from '../owner.ts'
import type { Attempt } from '../uploader.ts'
import type { Told } from './listener.ts'

/** Holds what an owner was told of their photos, in that order, against what came of them. Returns a line for each that is wrong. */
export function accountOfEvents(attempts: readonly Attempt[], told: readonly Told[]): string[] {
  const byPhoto = Map.groupBy(told, ({ photo }) => photo)
  return attempts.flatMap((attempt) => {
    const { outcome } = attempt
    if (outcome.name !== 'acknowledged') return []
    const wrongs = wrongsOf(attempt, byPhoto.get(outcome.id) ?? [])
    return wrongs.map((wrong) => `the events of photo ${outcome.id} of ${attempt.owner}: ${wrong}`)
  })
}

function wrongsOf(attempt: Attempt, told: readonly Told[]): string[] {
  const types = told.map(({ type }) => type)
  const count = (type: Told['type']) => types.filter((one) => one === type).length
  const edits = attempt.edits.filter(isGranted)
  const { isDeleted } = afterEdits(attempt, edits)
  const looks = attempt.edits.flatMap(({ wish, statuses }) =>
    wish.name === 'look' || wish.name === 'focus' ? statuses : [],
  )
  const changes = changesOf(attempt)
  const visibilities = told.flatMap((one) => (one.type === 'photo.visibility' ? [one.visibility] : []))
  const isKnown = edits.length === attempt.edits.length
  return [
    ...(count('photo.failed') > 0 ? ['it failed'] : []),
    // Deleted before it was ready, it never is.
    ...(count('photo.ready') === 1 || (isDeleted && count('photo.ready') === 0)
      ? []
      : [`ready ${count('photo.ready')} times`]),
    // One that was asked for before the photo was ready may be what became ready.
    ...(count('photo.look') > looks.length
      ? [`${count('photo.look')} looks after ${looks.length} wishes`]
      : []),
    ...(isKnown && !isDeepStrictEqual(visibilities, changes)
      ? [`became ${visibilities.join(', ') || 'nothing'}, and not ${changes.join(', ') || 'nothing'}`]
      : []),
    ...(isDeleted && (count('photo.deleted') !== 1 || types.at(-1) !== 'photo.deleted')
      ? [`deleted, and told as ${types.join(', ')}`]
      : []),
    ...(!isDeleted && isKnown && count('photo.deleted') > 0 ? ['told as deleted'] : []),
  ]
}

/** What its visibility became, each time that it became another. */
function changesOf({ edits }: Attempt): string[] {
  const wished = edits.flatMap(({ wish }) => (wish.name === 'visibility' ? [wish.visibility] : []))
  return wished.filter((visibility, index) => visibility !== (wished[index - 1] ?? 'public'))
}

/** Photos of those whom a viewer follows of which they were to be told, and were not. */
export function untold(expected: readonly { id: string; owner: OwnerId }[], told: readonly Told[]): string[] {
  const known = new Set(told.flatMap(({ type, photo }) => (type === 'feed.new' ? [photo] : [])))
  return expected
    .filter(({ id }) => !known.has(id))
    .map(({ id, owner }) => `photo ${id} of ${owner} was not told as new`)
}
