import { existsSync } from 'node:fs'
import { loadEnvFile } from 'node:process'

/** Reads `.env` of the working directory into the environment; what is set there already wins. */
export function loadDotEnv(): void {
  if (existsSync('.env')) loadEnvFile('.env')
}
