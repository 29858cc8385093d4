import { afterAll, vi } from 'vitest'

// What the tests of a file set in the environment is of no other file: several run in one process.
const before = { ...process.env }

afterAll(() => {
  vi.unstubAllEnvs()
  for (const name of Object.keys(process.env)) if (!(name in before)) delete process.env[name]
  Object.assign(process.env, before)
})
