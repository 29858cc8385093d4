import { readFileSync } from 'node:fs'
import { env } from 'node:process'
import { parseEnv } from 'node:util'
import { SetupError } from '../errors.ts'

/**
 * What a process begins with: reads `.env` of the working directory into the environment, where what is set already
 * wins, and drops what is not meant for us. Throws SetupError when the file can't be read.
 */
export function prepareEnvironment(): void {
  for (const [name, value] of Object.entries(parseEnv(readDotEnv()))) env[name] ??= value
  forgetLibpqVariables()
}

/** What a URL leaves open pg takes from them, and the PGSSLMODE or PGOPTIONS of somebody's shell is for other clients. */
export function forgetLibpqVariables(): void {
  for (const name of Object.keys(env)) if (name.startsWith('PG')) delete env[name]
}

/** With a byte order mark, as editors on Windows write it, or in UTF-16, as its shell does. */
function readDotEnv(): string {
  try {
    const bytes = readFileSync('.env')
    return new TextDecoder(bytes[0] === 0xff && bytes[1] === 0xfe ? 'utf-16le' : 'utf-8').decode(bytes)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT') return ''
    throw new SetupError(`The file .env can't be read (${code}).`, { cause: error })
  }
}
