import type { RunDetail } from 'darkroom-client'
import { useState } from 'preact/hooks'
import { Failed, Loading } from '../parts/state.tsx'
import { client } from '../session.ts'
import { number } from '../words/amounts.ts'
import { words } from '../words/words.ts'
import { type Pair, PairStage } from './pair-stage.tsx'
import { usePages } from './use-pages.ts'

/** What the run shows beside what was shown before: small, what differs most first, and one of them large. */
export function Pairs({ run, isCanary }: { run: RunDetail; isCanary: boolean }) {
  const { runs: said } = words.value
  const [chosen, setChosen] = useState(0)
  const pages = usePages(
    async (after) => {
      const page = await client.operator.runs.pairs(run.id, after === null ? {} : { after })
      return { items: page.pairs, next: page.next }
    },
    [run.id, run.version, run.done],
  )
  const { items: pairs, problem } = pages

  const pair = pairs?.[Math.min(chosen, (pairs?.length ?? 1) - 1)]
  return (
    <section class="run-part">
      <h2>{isCanary ? said.canary : said.pairs}</h2>
      {problem !== null ? (
        <Failed why={problem} onRetry={pages.more} />
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
          {pages.hasMore && (
            <button type="button" class="button" onClick={pages.more}>
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
