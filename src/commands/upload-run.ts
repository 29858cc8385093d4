import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { type PhotoFile, photoForm } from './photo-form.ts'
import type { Answer, PhotosApi, Refusal } from './photos-api.ts'
import { megabytes, showProgress } from './progress.ts'
import type { Outcome } from './upload-report.ts'

const AT_ONCE = 4
const POLL_MS = 300
const RETRY_MS = 500

type Fields = Readonly<Record<string, string | undefined>>

/**
 * Uploads the files, a few at a time. One that the API can't take at the moment is sent again for
 * `retrySeconds`; when it took none for so long, no other is sent twice. What is refused is told in its outcome.
 */
export async function uploadFiles(
  api: PhotosApi,
  files: readonly PhotoFile[],
  fields: Fields,
  retrySeconds: number,
): Promise<Outcome[]> {
  const bytes = files.reduce((sum, file) => sum + file.bytes, 0)
  using progress = showProgress('Uploading', bytes, megabytes)
  let apiFailsSince: number | null = null

  const uploadFile = async (file: PhotoFile): Promise<Answer> => {
    const key = randomUUID()
    let failsSince: number | null = null
    for (;;) {
      let sent = 0
      const form = photoForm(file, fields, (count) => {
        sent += count
        progress.advance(count)
      })
      const answer = await api.upload(form, key)
      if (!answer.refusal?.passing) {
        apiFailsSince = null
        return answer
      }
      failsSince ??= Date.now()
      apiFailsSince ??= failsSince
      if (Date.now() - Math.min(failsSince, apiFailsSince) >= retrySeconds * 1000) return answer
      progress.advance(-sent)
      await sleep(RETRY_MS)
    }
  }

  return await mapAtOnce(files, async (file) => {
    const { photo, refusal } = await uploadFile(file)
    return { file: file.path, photo, failure: refusal && failureOf(refusal) }
  })
}

/** Asks for the photos that are processing until each is ready or failed, or the time is up for all. */
export async function waitForPhotos(
  api: PhotosApi,
  outcomes: readonly Outcome[],
  seconds: number,
): Promise<Outcome[]> {
  const deadline = Date.now() + seconds * 1000
  using progress = showProgress('Processing', outcomes.length, String)
  return await mapAtOnce(outcomes, async (outcome) => {
    const settled = await waitForPhoto(api, outcome, deadline, seconds)
    progress.advance(1)
    return settled
  })
}

async function waitForPhoto(
  api: PhotosApi,
  outcome: Outcome,
  deadline: number,
  seconds: number,
): Promise<Outcome> {
  let { file, photo } = outcome
  if (!photo) return outcome
  let trouble: Refusal | null = null
  while (photo.status === 'processing') {
    if (Date.now() >= deadline) {
      const detail =
        trouble?.detail ?? `It is still processing after ${seconds} s. Ask again: GET /v1/photos/${photo.id}`
      return { file, photo, failure: { code: 'wait_timed_out', detail } }
    }
    const answer = await api.photo(photo.id)
    if (answer.refusal && !answer.refusal.passing) return { file, photo, failure: failureOf(answer.refusal) }
    photo = answer.photo ?? photo
    trouble = answer.refusal
    if (photo.status === 'processing') await sleep(Math.min(POLL_MS, Math.max(deadline - Date.now(), 0)))
  }
  const failure = photo.failure && { code: photo.failure.code, detail: photo.failure.message }
  return { file, photo, failure }
}

function failureOf({ code, detail }: Refusal): Outcome['failure'] {
  return { code, detail }
}

/** Results in the order of the items, whichever is done first. */
async function mapAtOnce<Item, Result>(
  items: readonly Item[],
  work: (item: Item) => Promise<Result>,
): Promise<Result[]> {
  const results = new Array<Result>(items.length)
  const queue = items.entries()
  const lane = async () => {
    for (const [index, item] of queue) results[index] = await work(item)
  }
  await Promise.all(Array.from({ length: AT_ONCE }, lane))
  return results
}
