/** What Google Photos appends to a picture that its owner changed, in the language of the account. */
const WORDS = [
  '-edited',
  '-bearbeitet',
  '-modifié',
  '-modificato',
  '-bewerkt',
  '-edytowane',
  '-editado',
  '-editat',
  '-ha editado',
  '-編集済み',
  '-编辑',
  // Its own changes are always in English.
  '-effects',
  '-smile',
  '-mix',
  '-collage',
  '-animation',
  '-motion',
].map((word) => word.normalize())

/** A name that is as long may have been cut within the word. */
const CUT = 46
const LEAST = 2

/** The stem without such a word at its end, in the ways that it can be read; none when it has none. */
export function withoutEditedWord(stem: string): string[] {
  const lower = stem.toLowerCase()
  const whole = WORDS.filter((word) => lower.endsWith(word)).map((word) => word.length)
  const cut = stem.length < CUT ? [] : WORDS.flatMap((word) => cutLengths(word, lower))
  return [...new Set([...whole, ...cut.toSorted((a, b) => b - a)])]
    .filter((length) => length < stem.length)
    .map((length) => stem.slice(0, stem.length - length))
}

function cutLengths(word: string, stem: string): number[] {
  const lengths = Array.from({ length: word.length - LEAST }, (_, n) => n + LEAST)
  return lengths.filter((length) => stem.endsWith(word.slice(0, length)))
}
