// A supervisor with one worker, whose pid it prints.
import { stopSignal } from '../../../src/supervisor/child.ts'
import { supervise } from '../../../src/supervisor/supervisor.ts'
import { recordingLog } from './recording-log.ts'
import { scriptPath } from './script.ts'

stopSignal()
const worker = supervise({
  name: 'worker',
  command: [scriptPath('worker')],
  env: process.env,
  log: recordingLog().log,
})
await worker.ready
console.log(worker.pid)
