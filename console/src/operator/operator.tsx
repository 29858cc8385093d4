import './operator.css'
import { usePolled } from '../parts/use-polled.ts'
import { client } from '../session.ts'
import { words } from '../words/words.ts'
import { Engines } from './engines.tsx'
import { FailedJobs } from './failed-jobs.tsx'
import { Queue } from './queue.tsx'
import { ReadyTimes } from './ready-times.tsx'
import { Section } from './section.tsx'
import { Storage } from './storage.tsx'

const EVERY_MS = 5_000

/** `#/operator`: the queue, what failed, how long photos take, and what answers. */
export function Operator(_: { words: readonly string[] }) {
  const { operator } = words.value
  const jobs = usePolled((signal) => client.operator.jobs({ signal, retryMs: 0 }), { everyMs: EVERY_MS })
  const stats = usePolled((signal) => client.operator.stats({ signal, retryMs: 0 }), { everyMs: EVERY_MS })
  const readiness = usePolled((signal) => client.operator.readiness({ signal, retryMs: 0 }), {
    everyMs: EVERY_MS,
  })
  return (
    <>
      <h1>{operator.title}</h1>
      <div class="operator">
        <div>
          <Section title={operator.queue} polled={jobs}>
            {(value) => <Queue jobs={value} />}
          </Section>
          <FailedJobs onRetried={jobs.again} />
        </div>
        <div>
          <Section title={operator.ready} polled={stats}>
            {({ ready, asOf }) => <ReadyTimes ready={ready} asOf={asOf} />}
          </Section>
          <Section title={operator.storage} polled={stats}>
            {({ storage }) => <Storage storage={storage} />}
          </Section>
          <Section title={operator.engines} polled={readiness}>
            {(value) => <Engines readiness={value} />}
          </Section>
        </div>
      </div>
    </>
  )
}
