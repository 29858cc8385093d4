// Prints its pid and works until it is told to stop, then finishes what it has begun: writes "finished" to the
// file it was given.
import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { stopSignal } from '../../../src/process/stop-signal.ts'
import { endWithSupervisor, reportNews, reportReady } from '../../../src/supervisor/child.ts'

const [file] = process.argv.slice(2)
const signal = stopSignal()
endWithSupervisor()
const work = setInterval(() => {}, 1000)
reportReady({ pid: process.pid })
reportNews(process.pid)
console.log(process.pid)
await once(signal, 'abort')
await sleep(200)
if (file) await writeFile(file, 'finished')
clearInterval(work)
