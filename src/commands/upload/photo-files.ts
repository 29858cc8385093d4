import { access, constants, stat } from 'node:fs/promises'
import { SetupError } from '../../errors.ts'

export type PhotoFile = { path: string; bytes: number }

/** Finds the files. Throws one SetupError that names every path that is missing, no file or not ours to read. */
export async function findPhotoFiles(paths: readonly string[]): Promise<PhotoFile[]> {
  const files: PhotoFile[] = []
  const problems: string[] = []
  for (const path of paths) {
    try {
      await access(path, constants.R_OK)
      const found = await stat(path)
      if (found.isFile()) files.push({ path, bytes: found.size })
      else problems.push(`${path} is ${found.isDirectory() ? 'a folder: name the files in it' : 'no file'}.`)
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException
      problems.push(`${path} ${code === 'ENOENT' ? 'does not exist' : `can't be read (${code})`}.`)
    }
  }
  if (problems.length > 0) throw new SetupError(`Nothing was uploaded: ${problems.join(' ')}`)
  return files
}
