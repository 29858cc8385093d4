import type { TestProject } from 'vitest/node'
import { buildConsole } from '../../../test/support/built-console.ts'
import { startTemplate } from '../../../test/support/template-database.ts'

/** The page as it is served, and one PostgreSQL for all. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const [template] = await Promise.all([startTemplate(project), buildConsole()])
  return async () => await template[Symbol.asyncDispose]()
}
