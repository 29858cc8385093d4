import { signal } from '@preact/signals'
import { de } from './de.ts'
import { en, type Words } from './en.ts'

const LANGUAGES: Readonly<Record<string, Words>> = { en, de }

/** The first of the reader's languages that there is here: `?lang=de` asks for one. */
const chosen =
  [new URLSearchParams(location.search).get('lang') ?? '', ...navigator.languages]
    .map((tag) => tag.slice(0, 2))
    .find((tag) => tag in LANGUAGES) ?? 'en'

export const language = signal(chosen)
/** What the page says. */
export const words = signal<Words>(LANGUAGES[chosen] ?? en)

document.documentElement.lang = chosen
