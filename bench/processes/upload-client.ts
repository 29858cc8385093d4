// Keeps a number of uploads going, each over a connection of its own, until so many are done.
import { readFile } from 'node:fs/promises'
import { idsFor, put } from '../put-request.ts'
import { answer } from '../script-process.ts'
import { uploadByTus } from '../tus-request.ts'
import { formOf, type UploadTarget, upload } from '../upload-request.ts'

const PART_BYTES = 5_000_000

/** By a form, by PUT of the bare bytes, or by tus in parts of 5 MB. */
export type UploadQuestion = UploadTarget & {
  uploads: number
  atOnce: number
  way?: 'form' | 'put' | 'tus'
  /** Of each; not of a form. */
  bytesPerSecond?: number | undefined
}

const photo = await readFile(process.argv[2] ?? '')
const form = formOf(photo)

answer<UploadQuestion, null>(async ({ uploads, atOnce, way = 'form', bytesPerSecond, ...target }) => {
  const ids = way === 'put' ? await idsFor(target, uploads) : []
  let left = uploads
  const lanes = Array.from({ length: atOnce }, async () => {
    while (left-- > 0) {
      if (way === 'form') await upload(target, form)
      else if (way === 'tus') await uploadByTus(target, photo, PART_BYTES, bytesPerSecond)
      else await put(target, ids.pop() as string, photo, bytesPerSecond)
    }
  })
  await Promise.all(lanes)
  return null
})
