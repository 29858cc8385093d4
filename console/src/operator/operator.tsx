import { words } from '../words/words.ts'

export function Operator(_: { words: readonly string[] }) {
  return <h1>{words.value.operator.title}</h1>
}
