// Has nothing to do: says so, and ends.
import { endWithSupervisor, reportIdle, reportNews, reportReady } from '../../../src/supervisor/child.ts'

endWithSupervisor()
reportReady(null)
reportNews({ pid: process.pid })
reportIdle('it had nothing to do')
