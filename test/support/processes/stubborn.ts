// Does not stop when it is told to.
import { reportReady } from '../../../src/supervisor/child.ts'

process.on('SIGTERM', () => {})
setInterval(() => {}, 1000)
reportReady(null)
