import type { RunDetail } from 'darkroom-client'
import { linkTo } from '../route.ts'
import { number, time } from '../words/amounts.ts'
import { words } from '../words/words.ts'

/** Which photos, what is made of them, and how fast: as it was begun. */
export function Wanted({ run }: { run: RunDetail }) {
  const { runs: said } = words.value
  const { select, work, pace } = run
  const rows: (readonly [string, string])[] = [
    ...(select
      ? [
          [said.which, said.selected[select.state]] as const,
          ...(select.owners ? [[said.owners, select.owners.join(', ')] as const] : []),
          ...(select.ids !== null ? [[said.ids, number(select.ids)] as const] : []),
          ...(select.from !== null ? [[said.from, time(select.from)] as const] : []),
          ...(select.to !== null ? [[said.to, time(select.to)] as const] : []),
          ...(select.limit !== null ? [[said.limit, number(select.limit)] as const] : []),
        ]
      : []),
    ...(work?.presets ? [[said.presets, work.presets.join(', ')] as const] : []),
    ...(work?.formats ? [[said.formats, work.formats.join(', ')] as const] : []),
    ...(work && run.kind === 'reprocess' ? [[said.keptFor, daysOf(work.keepSeconds)] as const] : []),
    ...(pace?.rate ? [[said.rateLimit, number(pace.rate)] as const] : []),
    ...(pace?.share ? [[said.shareLimit, number(pace.share)] as const] : []),
    ...(run.maxFailures !== null ? [[said.maxFailures, number(run.maxFailures)] as const] : []),
    [said.begunAt, time(run.createdAt)],
    ...(run.servers.length > 0 ? [[said.servers, namesOf(run.servers)] as const] : []),
  ]
  return (
    <section class="run-part">
      <h2>{said.wanted}</h2>
      <dl class="run-facts">
        {run.of !== null && (
          <div>
            <dt>{said.follows}</dt>
            <dd>
              <a href={linkTo('runs', String(run.of))}>{said.run(String(run.of))}</a>
            </dd>
          </div>
        )}
        {rows.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
    </section>
  )
}

function daysOf(seconds: number): string {
  const unit = { style: 'unit', unit: 'day', unitDisplay: 'long', maximumFractionDigits: 1 } as const
  return number(seconds / 86_400, unit)
}

/** Machines, without the numbers of their processes. */
function namesOf(servers: readonly string[]): string {
  return [...new Set(servers.map((name) => name.split(' ')[0]))].join(', ')
}
