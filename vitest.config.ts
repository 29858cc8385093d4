import { availableParallelism } from 'node:os'
import { basename, join } from 'node:path'
import { defineConfig } from 'vitest/config'
import { BaseSequencer, type TestSpecification } from 'vitest/node'

// The tests start hundreds of processes, for each of which Node would compile the same files again: half of its start.
process.env.NODE_COMPILE_CACHE ??= join(import.meta.dirname, 'node_modules/.cache/compiled')

/** Begun first, so that the last of them does not run alone at the end. The other files take less than half a minute. */
const SLOWEST = [
  'move-shards',
  'start',
  'read-replicas',
  'preview',
  'hang',
  'redis-queue',
  'reprocess-command',
  'install',
  'worker-death',
  'memory',
]

class SlowestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rank = ({ moduleId }: TestSpecification) => {
      const place = SLOWEST.indexOf(basename(moduleId, '.test.ts'))
      return place < 0 ? SLOWEST.length : place
    }
    return (await super.sort(files)).toSorted((a, b) => rank(a) - rank(b))
  }
}

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: [join(import.meta.dirname, 'test/support/global.ts')],
    // What each file would load anew takes more time than many files themselves. They share nothing that they change.
    isolate: false,
    setupFiles: [join(import.meta.dirname, 'test/support/own-environment.ts')],
    sequence: { sequencer: SlowestFirst },
    // One more than there are cores, as many files wait for what dies to come back; by default one core is left idle.
    maxWorkers: availableParallelism() + 1,
    testTimeout: 180_000,
    hookTimeout: 180_000,
    // What is waited for comes in its time; vitest's own second is over before that on a machine that is busy.
    expect: { poll: { timeout: 120_000 } },
  },
})
