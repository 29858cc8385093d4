import type { Photo } from '../clients/typescript/src/darkroom-client.ts'
import type { Page } from './feed.ts'
import type { Life } from './life.ts'

/** Where the viewer's feed is shown. Disposing leaves the terminal as it was. */
export type View = Disposable & {
  /** As many photos as there is room for. */
  limit(): number
  /** What has happened in the town. */
  tell(news: string): void
  show(page: Page, life: Life): void
}

/** `4 s`, `3 min`: how long ago that was. */
export function ageOf({ createdAt }: Photo): string {
  const seconds = Math.max(0, Math.round((Date.now() - Date.parse(createdAt)) / 1_000))
  return seconds < 120 ? `${seconds} s` : `${Math.round(seconds / 60)} min`
}
