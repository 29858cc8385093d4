import { signal } from '@preact/signals'

/** Between two sentences of a screen reader: more often it would say nothing else. */
const PAUSE_MS = 5_000

const said = signal('')
let next = ''
let timer: ReturnType<typeof setTimeout> | null = null

/** Tells those who listen to the page what has changed in it; of several within five seconds the last. */
export function say(text: string): void {
  if (timer !== null) {
    next = text
    return
  }
  said.value = text
  timer = setTimeout(() => {
    timer = null
    if (next) say(next)
    next = ''
  }, PAUSE_MS)
}

/** Once on the page. */
export function Said() {
  return (
    <div class="unseen" role="status" aria-live="polite">
      {said.value}
    </div>
  )
}
