import type { ComponentChildren } from 'preact'
import { words } from '../words/words.ts'

/** What stands in place of content: nothing is there yet, or it is being loaded, or that failed. */
export function State({ title, children }: { title: string; children?: ComponentChildren }) {
  return (
    <div class="state">
      <h2>{title}</h2>
      {children}
    </div>
  )
}

export function Loading() {
  return <div class="state soft">{words.value.common.loading}</div>
}

export function Failed({ why, onRetry }: { why: string; onRetry?: () => void }) {
  const { failed, retry } = words.value.common
  return (
    <div class="state">
      <p role="alert">{failed(why)}</p>
      {onRetry && (
        <button type="button" class="button" onClick={onRetry}>
          {retry}
        </button>
      )}
    </div>
  )
}
