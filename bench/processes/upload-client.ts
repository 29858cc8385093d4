// Keeps a number of uploads going, each over a connection of its own, until so many are done.
import { readFile } from 'node:fs/promises'
import { answer } from '../script-process.ts'
import { formOf, type UploadTarget, upload } from '../upload-request.ts'

export type UploadQuestion = UploadTarget & { uploads: number; atOnce: number }

const form = formOf(await readFile(process.argv[2] ?? ''))

answer<UploadQuestion, null>(async ({ uploads, atOnce, ...target }) => {
  let left = uploads
  const lanes = Array.from({ length: atOnce }, async () => {
    while (left-- > 0) await upload(target, form)
  })
  await Promise.all(lanes)
  return null
})
