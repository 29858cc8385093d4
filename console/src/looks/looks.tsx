import './looks.css'
import type { Filter, Problem } from 'darkroom-client'
import { useEffect, useState } from 'preact/hooks'
import { Failed, Loading, State } from '../parts/state.tsx'
import { whyOf } from '../parts/why.tsx'
import { photoOf } from '../photos/kept-photos.ts'
import { linkTo } from '../route.ts'
import { client } from '../session.ts'
import { words } from '../words/words.ts'
import { HasLook } from './has-look.tsx'
import type { Look } from './look-choice.ts'
import { plainPicturesOf } from './plain-pictures.ts'
import { TryLooks } from './try-looks.tsx'

/** `#/photos/ID/looks`: every look on this photo, and one of them large. */
export function Looks({ words: [id = ''] }: { words: readonly string[] }) {
  const { photo: ofPhoto, looks } = words.value
  const photo = photoOf(id).value
  const [filters, problem, reload] = useFilters()
  const [tookOff, setTookOff] = useState<Look>(null)
  if (photo === undefined) return <Loading />
  if (photo === null) return <State isView title={ofPhoto.gone} />
  const pictures = plainPicturesOf(photo)
  return (
    <>
      <header class="looks-head">
        <a class="small" href={linkTo('photos', id)}>
          {looks.back}
        </a>
        <h1>{looks.title}</h1>
      </header>
      {photo.status === 'failed' ? (
        <State title={looks.photoFailed} />
      ) : photo.status === 'processing' ? (
        <State title={looks.processing} />
      ) : problem !== null ? (
        <Failed why={problem} onRetry={() => void reload()} />
      ) : !filters ? (
        <Loading />
      ) : pictures ? (
        <TryLooks photo={photo} first={tookOff} pictures={pictures} filters={filters} onKept={reload} />
      ) : (
        <HasLook photo={photo} filters={filters} onTakeOff={setTookOff} />
      )}
    </>
  )
}

/** The looks that there are, why they are not told, and what asks for them again. */
function useFilters(): [readonly Filter[] | null, string | null, () => Promise<void>] {
  const [filters, setFilters] = useState<readonly Filter[] | null>(null)
  const [problem, setProblem] = useState<string | null>(null)
  const load = async () => {
    setProblem(null)
    await client.filters().then(setFilters, (error: Problem) => setProblem(whyOf(error)))
  }
  useEffect(() => void load(), [])
  return [filters, problem, load]
}
