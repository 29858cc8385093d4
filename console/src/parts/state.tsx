import type { ComponentChildren } from 'preact'
import { linkTo } from '../route.ts'
import { words } from '../words/words.ts'

type StateProps = {
  title: string
  /** All that the view is: then its title is that of the page. */
  isView?: boolean
  children?: ComponentChildren
}

/** What stands in place of content: nothing is there yet, or it is being loaded, or that failed. */
export function State({ title, isView = false, children }: StateProps) {
  return (
    <div class="state">
      {isView ? <h1>{title}</h1> : <h2>{title}</h2>}
      {children}
    </div>
  )
}

/** In place of a view that there is not. */
export function NothingHere() {
  const { notFound, develop } = words.value.common
  return (
    <State isView title={notFound}>
      <a class="button" href={linkTo('develop')}>
        {develop}
      </a>
    </State>
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
