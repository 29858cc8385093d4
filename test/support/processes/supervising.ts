// A supervisor with one worker, which prints its own pid.
import { stopSignal } from '../../../src/process/stop-signal.ts'
import { supervise } from '../../../src/supervisor/supervisor.ts'
import { recordingLog } from './recording-log.ts'
import { scriptPath } from './script.ts'

stopSignal()
supervise({
  name: 'worker',
  command: [scriptPath('worker')],
  env: process.env,
  log: recordingLog().log,
})
