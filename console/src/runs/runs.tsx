import './runs.css'
import { BeginRun } from './begin-run.tsx'
import { RunList } from './run-list.tsx'
import { RunView } from './run-view.tsx'

/** `#/runs`, `#/runs/new` and `#/runs/N`. */
export function Runs({ words: [which = ''] }: { words: readonly string[] }) {
  if (which === 'new') return <BeginRun />
  if (/^\d+$/.test(which)) return <RunView key={which} id={Number(which)} />
  return <RunList />
}
