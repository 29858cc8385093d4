import type { ComponentChildren } from 'preact'
import { useId } from 'preact/hooks'
import type { Polled } from '../parts/use-polled.ts'
import { whyOf } from '../parts/why.tsx'
import { clock } from '../words/amounts.ts'
import { words } from '../words/words.ts'

type SectionProps<Value> = {
  title: string
  polled: Pick<Polled<Value>, 'value' | 'at' | 'problem'>
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
          {at === null ? operator.untold(whyOf(problem)) : operator.stale(clock(at), whyOf(problem))}
        </p>
      )}
      {value !== undefined ? children(value) : problem === null && <p class="soft">{common.loading}</p>}
    </section>
  )
}
