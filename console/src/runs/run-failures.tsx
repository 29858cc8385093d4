import type { RunDetail } from 'darkroom-client'
import { useState } from 'preact/hooks'
import { Failed, Loading } from '../parts/state.tsx'
import { Picture } from '../photos/picture.tsx'
import { linkTo } from '../route.ts'
import { client } from '../session.ts'
import { number } from '../words/amounts.ts'
import { words } from '../words/words.ts'
import { usePages } from './use-pages.ts'

/** With which codes photos failed, and behind each code the photos. */
export function Failures({ run }: { run: RunDetail }) {
  const { runs: said } = words.value
  const [code, setCode] = useState<string | null>(null)
  return (
    <section class="run-part">
      <h2>{said.failures}</h2>
      <ul class="run-codes">
        {run.failures.map((each) => (
          <li key={each.code}>
            <button
              type="button"
              class="button"
              aria-expanded={code === each.code}
              onClick={() => setCode(code === each.code ? null : each.code)}
            >
              <span class="mono">{each.code}</span> <span class="numbers bad">{number(each.count)}</span>
            </button>
          </li>
        ))}
      </ul>
      {code !== null && <FailedPhotos key={code} run={run.id} code={code} />}
    </section>
  )
}

function FailedPhotos({ run, code }: { run: number; code: string }) {
  const { runs: said } = words.value
  const pages = usePages(
    async (after) => {
      const page = await client.operator.runs.failures(run, { code, ...(after !== null && { after }) })
      return { items: page.failures, next: page.next }
    },
    [run, code],
  )

  if (pages.problem !== null) return <Failed why={pages.problem} onRetry={pages.more} />
  if (pages.items === null) return <Loading />
  return (
    <>
      <ul class="run-failed">
        {pages.items.map(({ id, photo, message }) => (
          <li key={id}>
            <div class="run-failed-picture">
              {photo && photo.renditions.length > 0 ? (
                <Picture photo={photo} sizes="96px" presets={['thumb', 'small']} aspectRatio={1} />
              ) : (
                <span class="soft small">{said.noPicture}</span>
              )}
            </div>
            <div>
              <p class="small mono">
                {photo ? <a href={linkTo('photos', id)}>{id}</a> : id}
                {photo && <span class="soft"> {photo.owner}</span>}
              </p>
              <p>{message}</p>
            </div>
          </li>
        ))}
      </ul>
      {pages.hasMore && (
        <button type="button" class="button" onClick={pages.more}>
          {said.more}
        </button>
      )}
    </>
  )
}
