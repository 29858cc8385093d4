import { promisify } from 'node:util'
import { parentPort } from 'node:worker_threads'
import { gzip } from 'node:zlib'
import type { ColorTable } from '../photo/look/color-table.ts'
import { compileFilter } from '../photo/look/compile-filter.ts'
import { toCube } from '../photo/look/cube.ts'
import type { Filter, FilterName } from '../photo/look/filter.ts'
import { FILTERS } from '../photo/look/filters.ts'
import { toHald } from '../photo/look/hald.ts'

/** What a thread is asked for, one after the other. A table of null is that of our own filter of the name. */
export type TableFileTask = {
  kind: 'cube' | 'hald'
  name: FilterName
  title: string
  table: ColorTable | null
}

/** The file, or why there is none. */
export type TableFileAnswer = { file: Uint8Array } | { error: Error }

parentPort?.on('message', async (task: TableFileTask) => {
  parentPort?.postMessage(await answerTo(task))
})

async function answerTo({ kind, name, title, table }: TableFileTask): Promise<TableFileAnswer> {
  try {
    const whole = table ?? compileFilter(FILTERS.get(name) as Filter)
    switch (kind) {
      case 'cube':
        return { file: await promisify(gzip)(toCube(whole, title), { level: 9 }) }
      case 'hald':
        return { file: await toHald(whole) }
    }
  } catch (error) {
    return { error: error as Error }
  }
}
