import { signal } from '@preact/signals'

/** What the page shows, by the fragment of its URL: `#/photos/764879989359635463` is `['photos', '764879989359635463']`. */
export type Route = readonly string[]

const FIRST = '#/develop'

export const route = signal<Route>(routeOf(location.hash))

// An entry of the history is told whether there is one of this page before it.
if (history.state === null) keepState({ isFirst: true })
addEventListener('hashchange', () => {
  if (history.state === null) keepState({ isFirst: false })
  route.value = routeOf(location.hash)
})

/** The URL of a view, for links: words of any kind. */
export function linkTo(...words: string[]): string {
  return `#/${words.map(encodeURIComponent).join('/')}`
}

/** Goes to a view, as a link would. */
export function go(...words: string[]): void {
  location.hash = linkTo(...words)
}

/** Goes to the view that was there before this one; to the first one when the page began with this. */
export function goBack(): void {
  if (keptState().isFirst === false) history.back()
  else location.hash = FIRST
}

/** What a view wants to find again when it is come back to, such as its place; kept with its entry of the history. */
export function keepState(state: Record<string, unknown>): void {
  history.replaceState({ ...keptState(), ...state }, '')
}

export function keptState(): Record<string, unknown> {
  return (history.state as Record<string, unknown> | null) ?? {}
}

function routeOf(hash: string): Route {
  const path = hash.startsWith('#/') && hash.length > 2 ? hash : FIRST
  return path.slice(2).split('/').map(decoded)
}

function decoded(word: string): string {
  try {
    return decodeURIComponent(word)
  } catch {
    return word
  }
}
