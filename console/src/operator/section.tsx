import type { ComponentChildren } from 'preact'
import { useId } from 'preact/hooks'
import { clock } from '../words/amounts.ts'
import { words } from '../words/words.ts'
import type { Polled } from './use-polled.ts'

type SectionProps<Value> = {
  title: string
  polled: Polled<Value>
  children: (value: Value) => ComponentChildren
}

/** A part of the view with what was told of it last, and why it could not be told anew, if so. */
export function Section<Value>({ title, polled: { value, at, problem }, children }: SectionProps<Value>) {
  const { operator, common } = words.value
  const id = useId()
  return (
    <section class="operator-part" aria-labelledby={id}>
      <h2 id={id}>{title}</h2>
      {problem !== null && (
        <p class="bad small" role="status">
          {at === null ? operator.untold(problem) : operator.stale(clock(at), problem)}
        </p>
      )}
      {value !== null ? children(value) : problem === null && <p class="soft">{common.loading}</p>}
    </section>
  )
}
