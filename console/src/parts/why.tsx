import { Problem } from 'darkroom-client'
import { words } from '../words/words.ts'

/** Why a request came to nothing, in words of the page where it has some, else in the server's. Throws what is no Problem. */
export function whyOf(error: unknown): string {
  if (!(error instanceof Problem)) throw error
  const { problems } = words.value.common
  return Object.hasOwn(problems, error.code) ? problems[error.code as keyof typeof problems] : error.message
}

/** Beside what asked for it; nothing where it worked. */
export function Why({ why }: { why: string | null }) {
  if (why === null) return null
  return (
    <p class="bad small" role="alert">
      {words.value.common.failed(why)}
    </p>
  )
}
