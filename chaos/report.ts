import type { Toll } from './havoc.ts'
import type { ChaosReport } from './run.ts'

const SHOWN = 20

/** The account as text. What was found comes last, a line each. */
export function textOf(report: ChaosReport): string {
  const {
    seed,
    engines,
    uploads,
    seconds,
    remark,
    toll,
    attempts,
    moves,
    imports,
    runs,
    read,
    settled,
    strays,
    ms,
    findings,
  } = report
  const count = (name: string) => attempts.filter(({ outcome }) => outcome.name === name).length
  const asked = (name: string) =>
    attempts.flatMap(({ edits }) => edits).filter(({ wish }) => wish.name === name).length
  return [
    `seed ${seed}, ${engines}: ${findings.length === 0 ? 'nothing found' : `${findings.length} FINDINGS`} in ${Math.round(ms / 1000)} s${remark && ` (${remark})`}`,
    `  again     npm run chaos -- --seed ${seed} --engines ${engines} --uploads ${uploads} --seconds ${seconds}`,
    `  hit       ${hitsOf(toll)}`,
    `  uploads   ${count('acknowledged')} acknowledged, after ${count('refused')} refused, ${count('unheard')} unheard and ${count('unknown')} with a lost connection`,
    `  edits     ${asked('look')} changes of look, ${asked('visibility')} of visibility, ${asked('focus')} of focus, ${asked('deletion')} deletions`,
    ...(moves > 0 ? [`  moved     shards between databases, ${moves} times`] : []),
    `  imported  30 photos, by a command that was started ${imports} times`,
    `  runs      ${runs.acts.start} started, ${runs.acts.reprocess} of reprocess, ${runs.acts.sequel} rolled back, finished, verified or retried, ${runs.acts.pause} paused, ${runs.acts.resume} resumed, ${runs.acts.cancel} cancelled; AVIF of ${runs.photos} photos, ${runs.remade} made anew; looked at ${runs.looks} times`,
    `  read      ${read.pages} pages, by viewers who ${read.follows} times changed whom they follow; ${read.events} events were told`,
    `  settled   ${(settled.ms / 1000).toFixed(1)} s after the last; ${settled.mended} photos mended by the sweep, ${strays} originals without a photo deleted`,
    ...findings.slice(0, SHOWN).map((finding) => `  FOUND     ${finding}`),
    ...(findings.length > SHOWN ? [`  FOUND     and ${findings.length - SHOWN} more`] : []),
    ...(findings.length === 0 ? [] : [`  logs      ${report.home}`]),
  ].join('\n')
}

/** What was hit, and how often in which way. */
export function hitsOf(toll: Toll): string {
  const hits = [...toll].map(([victim, counts]) => {
    const ways = Object.entries(counts).map(([how, times]) => `${how} ${times}`)
    return `${victim} (${ways.join(', ')})`
  })
  return hits.join(', ')
}
