import { words } from '../words/words.ts'

export function Feed(_: { words: readonly string[] }) {
  return <h1>{words.value.feed.title}</h1>
}
