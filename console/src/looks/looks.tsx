import { words } from '../words/words.ts'

/** `#/photos/ID/looks`. */
export function Looks(_: { words: readonly string[] }) {
  return <h1>{words.value.looks.title}</h1>
}
