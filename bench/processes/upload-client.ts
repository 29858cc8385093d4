// Keeps a number of uploads going, each over a connection of its own, until so many are done.
import { readFile } from 'node:fs/promises'
import { idsFor, put } from '../put-request.ts'
import { answer } from '../script-process.ts'
import { formOf, type UploadTarget, upload } from '../upload-request.ts'

/** By a form, or by PUT of the bare bytes. */
export type UploadQuestion = UploadTarget & { uploads: number; atOnce: number; way?: 'form' | 'put' }

const photo = await readFile(process.argv[2] ?? '')
const form = formOf(photo)

answer<UploadQuestion, null>(async ({ uploads, atOnce, way = 'form', ...target }) => {
  const ids = way === 'put' ? await idsFor(target, uploads) : []
  let left = uploads
  const lanes = Array.from({ length: atOnce }, async () => {
    while (left-- > 0) {
      if (way === 'form') await upload(target, form)
      else await put(target, ids.pop() as string, photo)
    }
  })
  await Promise.all(lanes)
  return null
})
