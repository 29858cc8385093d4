import { words } from '../words/words.ts'

export function Runs(_: { words: readonly string[] }) {
  return <h1>{words.value.runs.title}</h1>
}
