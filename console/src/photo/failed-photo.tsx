import type { Photo } from 'darkroom-client'
import { linkTo } from '../route.ts'
import { session } from '../session.ts'
import { words } from '../words/words.ts'
import { Delete } from './settings.tsx'

/** Of these only another file helps; the others may have been a fault of the machine's. */
const OF_THE_FILE: ReadonlySet<string> = new Set([
  'corrupt_photo',
  'too_many_pixels',
  'unsupported_photo',
  'unsupported_format',
  'empty_file',
  'photo_too_large',
])

/** Why nothing came of it, and what to do. */
export function FailedPhoto({ photo }: { photo: Photo }) {
  const t = words.value.photo
  const code = photo.failure?.code ?? 'processing_failed'
  const known: Record<string, { why: string; do: string }> = t.failures
  const { why, do: what } = known[code] ?? {
    why: photo.failure?.message ?? '',
    do: t.failures.processing_failed.do,
  }
  const { isOperator } = session.value as { isOperator: boolean }
  return (
    <section class="failed" role="alert">
      <h2>{t.failedTitle}</h2>
      <p>{why}</p>
      <p>{what}</p>
      <p class="small soft">
        <code class="mono">{code}</code>
        {photo.failure && ` ${photo.failure.message}`}
      </p>
      <div class="failed-acts">
        <a class="button main" href={linkTo('develop')}>
          {t.uploadAgain}
        </a>
        {isOperator && !OF_THE_FILE.has(code) && (
          <a class="button" href={linkTo('runs')}>
            {t.makeAgain}
          </a>
        )}
        <Delete photo={photo} />
      </div>
    </section>
  )
}
