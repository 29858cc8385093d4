import { promisify } from 'node:util'
import { parentPort, workerData } from 'node:worker_threads'
import { gzip } from 'node:zlib'
import type { ColorTable } from '../photo/color-table.ts'
import { compileFilter } from '../photo/compile-filter.ts'
import { toCube } from '../photo/cube.ts'
import type { Filter, FilterName } from '../photo/filter.ts'
import { FILTERS } from '../photo/filters.ts'
import { toHald } from '../photo/hald.ts'

/** What a thread is begun with. A table of null is that of our own filter of the name. */
export type TableFileTask = {
  kind: 'cube' | 'hald'
  name: FilterName
  title: string
  table: ColorTable | null
}

const task = workerData as TableFileTask
const table = task.table ?? compileFilter(FILTERS.get(task.name) as Filter)

switch (task.kind) {
  case 'cube':
    parentPort?.postMessage(await promisify(gzip)(toCube(table, task.title), { level: 9 }))
    break
  case 'hald':
    parentPort?.postMessage(await toHald(table))
    break
}
