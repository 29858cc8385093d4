import { Loading, State } from '../parts/state.tsx'
import { photoOf } from '../photos/kept-photos.ts'
import { Picture } from '../photos/picture.tsx'
import { words } from '../words/words.ts'

/** `#/photos/ID`. */
export function PhotoView({ words: [id = ''] }: { words: readonly string[] }) {
  const photo = photoOf(id).value
  if (photo === undefined) return <Loading />
  if (photo === null) return <State title={words.value.photo.gone} />
  return (
    <>
      <h1>{words.value.photo.title}</h1>
      <Picture photo={photo} sizes="100vw" isUrgent />
    </>
  )
}
