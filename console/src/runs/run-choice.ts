import type { ReprocessWish, RunWish } from 'darkroom-client'

export const STATES = ['stale', 'missing', 'failed', 'all'] as const
export const FORMATS = ['jpeg', 'webp', 'avif'] as const
const DAY_S = 86_400

/** What somebody has chosen in the form, as far as they have. */
export type Choice = {
  state: (typeof STATES)[number]
  owners: string
  from: string
  to: string
  limit: number | null
  presets: readonly string[]
  formats: readonly (typeof FORMATS)[number][]
  keepDays: number | null
  rate: number | null
  share: number | null
  maxFailures: number | null
  canary: number | null
  sample: number | null
}

export const FIRST_CHOICE: Choice = {
  state: 'stale',
  owners: '',
  from: '',
  to: '',
  limit: null,
  presets: [],
  formats: [],
  keepDays: 7,
  rate: null,
  share: null,
  maxFailures: 5,
  canary: 20,
  sample: 50,
}

/** The run that is chosen. Days are those of the reader's own clock. */
export function wishOf(choice: Choice): ReprocessWish {
  const owners = choice.owners.split(/[,\s]+/).filter((owner) => owner !== '')
  const { limit, presets, formats, keepDays } = choice
  return {
    kind: 'reprocess',
    select: {
      state: choice.state,
      ...(owners.length > 0 && { owners }),
      ...(choice.from !== '' && { from: new Date(`${choice.from}T00:00`).toISOString() }),
      ...(choice.to !== '' && { to: new Date(`${choice.to}T00:00`).toISOString() }),
      ...(limit !== null && { limit }),
    },
    work: {
      ...(presets.length > 0 && { presets: [...presets] }),
      ...(formats.length > 0 && { formats: [...formats] }),
      ...(keepDays !== null && { keepSeconds: keepDays * DAY_S }),
    },
  }
}

/** What holds it on its way, which a dry run has not. */
export function limitsOf({
  rate,
  share,
  maxFailures,
  canary,
}: Choice): Pick<RunWish, 'pace' | 'maxFailures' | 'canary'> {
  return {
    pace: { rate, share },
    ...(maxFailures !== null && { maxFailures }),
    ...(canary !== null && { canary }),
  }
}
