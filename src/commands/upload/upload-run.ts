import { openAsBlob } from 'node:fs'
import {
  type DarkroomClient,
  type Photo,
  Problem,
  type UploadFields,
} from '../../../clients/typescript/src/darkroom-client.ts'
import type { PhotoFile } from './photo-files.ts'
import { megabytes, showProgress } from './progress.ts'
import type { Outcome } from './upload-report.ts'

const AT_ONCE = 4
const ANSWER_MS = 10_000

/**
 * Uploads the files, a few at a time. One that the API can't take at the moment is sent again for
 * `retrySeconds`; when it took none for so long, no other is sent twice. What is refused is told in its outcome.
 */
export async function uploadFiles(
  client: DarkroomClient,
  files: readonly PhotoFile[],
  fields: UploadFields,
  retrySeconds: number,
): Promise<Outcome[]> {
  const bytes = files.reduce((sum, file) => sum + file.bytes, 0)
  using progress = showProgress('Uploading', bytes, megabytes)
  let isUnavailable = false

  return await mapAtOnce(files, async ({ path }) => {
    let shown = 0
    const onProgress = ({ sent }: { sent: number }) => {
      progress.advance(sent - shown)
      shown = sent
    }
    const retryMs = isUnavailable ? 0 : retrySeconds * 1000
    try {
      const photo = await client.upload(await openAsBlob(path), { ...fields, onProgress, retryMs })
      isUnavailable = false
      return { file: path, photo, failure: null }
    } catch (error) {
      if (!(error instanceof Problem)) throw error
      isUnavailable = error.isPassing
      onProgress({ sent: 0 })
      return { file: path, photo: null, failure: failureOf(error) }
    }
  })
}

/** Asks for the photos that are processing until each is ready or failed, or the time is up for all. */
export async function waitForPhotos(
  client: DarkroomClient,
  outcomes: readonly Outcome[],
  seconds: number,
): Promise<Outcome[]> {
  const deadline = Date.now() + seconds * 1000
  using progress = showProgress('Processing', outcomes.length, String)
  return await mapAtOnce(outcomes, async ({ file, photo, failure }) => {
    const settled = photo ? await waitForPhoto(client, photo, deadline, seconds) : { photo, failure }
    progress.advance(1)
    return { file, ...settled }
  })
}

async function waitForPhoto(
  client: DarkroomClient,
  uploaded: Photo,
  deadline: number,
  seconds: number,
): Promise<Pick<Outcome, 'photo' | 'failure'>> {
  const withinMs = Math.max(0, deadline - Date.now())
  const tooLate = `It is still processing after ${seconds} s. Ask again: GET /v1/photos/${uploaded.id}`
  try {
    const signal = AbortSignal.timeout(withinMs + ANSWER_MS)
    const photo = await client.waitUntilReady(uploaded.id, { withinMs, signal })
    if (photo.status === 'processing') return { photo, failure: { code: 'wait_timed_out', detail: tooLate } }
    return { photo, failure: photo.failure && { code: photo.failure.code, detail: photo.failure.message } }
  } catch (error) {
    const isPassing = !(error instanceof Problem) || error.isPassing
    const detail = error instanceof Problem ? error.message : tooLate
    const code = isPassing ? 'wait_timed_out' : (error as Problem).code
    return { photo: uploaded, failure: { code, detail } }
  }
}

function failureOf({ code, message }: Problem): Outcome['failure'] {
  return { code, detail: message }
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
