import type { Readiness } from 'darkroom-client'
import { withCommands } from '../parts/with-commands.tsx'
import { words } from '../words/words.ts'

const GOOD: ReadonlySet<string> = new Set(['ready', 'on', 'new'])

/** What answers, as load balancers are told. */
export function Engines({ readiness: { engines, webhook } }: { readiness: Readiness }) {
  const { operator } = words.value
  const states = [
    ['database', engines.database],
    ['queue', engines.queue],
    ['storage', engines.storage],
    ...(engines.replicas ? [['replicas', engines.replicas] as const] : []),
    ...(webhook ? [['webhook', webhook] as const] : []),
  ] as const
  return (
    <dl class="operator-facts">
      {states.map(([name, state]) => (
        <div key={name}>
          <dt>{operator.engine[name]}</dt>
          <dd class={GOOD.has(state) ? 'good' : 'bad'}>{withCommands(operator.engineStates[state])}</dd>
        </div>
      ))}
    </dl>
  )
}
