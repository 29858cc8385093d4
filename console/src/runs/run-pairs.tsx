import type { RunDetail, RunPairs } from 'darkroom-client'
import { useEffect, useState } from 'preact/hooks'
import { Failed, Loading } from '../parts/state.tsx'
import { client } from '../session.ts'
import { number } from '../words/amounts.ts'
import { words } from '../words/words.ts'
import { PairStage } from './pair-stage.tsx'

export type Pair = RunPairs['pairs'][number]

/** What the run shows beside what was shown before: small, what differs most first, and one of them large. */
export function Pairs({ run, isCanary }: { run: RunDetail; isCanary: boolean }) {
  const { runs: said } = words.value
  const [pairs, setPairs] = useState<readonly Pair[] | null>(null)
  const [next, setNext] = useState<string | null>(null)
  const [chosen, setChosen] = useState(0)
  const [why, setWhy] = useState<string | null>(null)
  const load = async (after: string | null) => {
    setWhy(null)
    try {
      const page = await client.operator.runs.pairs(run.id, after === null ? {} : { after })
      setPairs((before) => [...(after === null ? [] : (before ?? [])), ...page.pairs])
      setNext(page.next)
    } catch (error) {
      setWhy((error as Error).message)
    }
  }
  useEffect(() => void load(null), [run.id, run.version, run.done])

  const pair = pairs?.[Math.min(chosen, (pairs?.length ?? 1) - 1)]
  return (
    <section class="run-part">
      <h2>{isCanary ? said.canary : said.pairs}</h2>
      {why !== null ? (
        <Failed why={why} onRetry={() => void load(null)} />
      ) : pairs === null ? (
        <Loading />
      ) : !pair ? (
        <p class="soft">{said.noPairs}</p>
      ) : (
        <>
          <p class="soft small">{said.pairsMean}</p>
          <PairStage key={pair.id} pair={pair} />
          <ul class="pair-list" aria-label={said.pairs}>
            {pairs.map((each, at) => (
              <li key={each.id}>
                <button
                  type="button"
                  aria-pressed={each === pair}
                  aria-label={said.pair(String(at + 1), difference(each))}
                  onClick={() => setChosen(at)}
                >
                  <img src={each.after.url} alt="" loading="lazy" decoding="async" />
                  <span class="small numbers" aria-hidden="true">
                    ΔE {difference(each)}
                  </span>
                </button>
              </li>
            ))}
          </ul>
          {next !== null && (
            <button type="button" class="button" onClick={() => void load(next)}>
              {said.more}
            </button>
          )}
        </>
      )}
    </section>
  )
}

/** ΔE2000. */
function difference(pair: Pair): string {
  return number(pair.difference, { maximumFractionDigits: 1, minimumFractionDigits: 1 })
}
