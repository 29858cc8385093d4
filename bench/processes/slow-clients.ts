// Many phones on slow networks: all upload at the same time, each a piece at a time.
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { type ClientRequest, request } from 'node:http'
import { sendPaced } from '../paced-body.ts'
import { answer } from '../script-process.ts'
import { beginUpload, openPatch } from '../tus-request.ts'
import { FORM_TYPE, formOf, type UploadTarget } from '../upload-request.ts'

/** By a form, or by tus in one PATCH. */
export type SlowQuestion = UploadTarget & { clients: number; seconds: number; way: 'form' | 'tus' }

const photo = await readFile(process.argv[2] ?? '')
const form = formOf(photo)

/** How many were taken in. */
answer<SlowQuestion, number>(async ({ clients, seconds, way, ...target }) => {
  const begin = way === 'form' ? async () => beginForm(target) : async () => await beginPiece(target)
  const uploads = Array.from({ length: clients }, async () => await uploadSlowly(await begin(), seconds))
  const taken = await Promise.all(uploads)
  return taken.filter(Boolean).length
})

type Sending = { sending: ClientRequest; body: Buffer; wanted: number }

function beginForm({ url, token }: UploadTarget): Sending {
  const headers = {
    authorization: `Bearer ${token}`,
    'content-type': FORM_TYPE,
    'content-length': form.length,
  }
  return {
    sending: request(`${url}/v1/photos`, { method: 'POST', agent: false, headers }),
    body: form,
    wanted: 201,
  }
}

async function beginPiece(target: UploadTarget): Promise<Sending> {
  const path = await beginUpload(target, photo.length)
  const sending = openPatch(target, path, { offset: 0, bytes: photo.length, through: false })
  return { sending, body: photo, wanted: 204 }
}

async function uploadSlowly({ sending, body, wanted }: Sending, seconds: number): Promise<boolean> {
  const answered = once(sending, 'response')
  await sendPaced(sending, body, body.length / seconds)
  const [response] = await answered
  response.resume()
  return response.statusCode === wanted
}
