import { words } from '../words/words.ts'

export function Develop(_: { words: readonly string[] }) {
  return <h1>{words.value.develop.title}</h1>
}
