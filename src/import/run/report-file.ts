import { type FileHandle, mkdir, open } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { SettledLine } from './settled-line.ts'

/**
 * A file of NDJSON in which every line of an import ends up once, in their order: what stands behind the place that the
 * run has recorded is written anew when it goes on.
 */
export class ReportFile implements AsyncDisposable {
  readonly #file: FileHandle
  #bytes: number

  /** Opens the file, at that many bytes of it. Throws the error of the system. */
  static async open(path: string, bytes: number): Promise<ReportFile> {
    await mkdir(dirname(path), { recursive: true })
    const file = await open(path, bytes === 0 ? 'w' : 'r+', 0o600)
    await file.truncate(bytes)
    return new ReportFile(file, bytes)
  }

  private constructor(file: FileHandle, bytes: number) {
    this.#file = file
    this.#bytes = bytes
  }

  /** Returns how many bytes there are, safe from the death of this process. */
  async write(lines: readonly (SettledLine & { line: number })[]): Promise<number> {
    const text = Buffer.from(lines.map((each) => `${JSON.stringify(each)}\n`).join(''))
    await this.#file.write(text, 0, text.length, this.#bytes)
    this.#bytes += text.length
    return this.#bytes
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#file.close()
  }
}
