import { DarkroomError } from '../errors.ts'

/** What one owner may upload in a day of UTC. Null: as much as they like. */
export type DailyLimits = { readonly photos: number | null; readonly bytes: number | null }

export const NO_DAILY_LIMITS: DailyLimits = { photos: null, bytes: null }

/** More than anybody uploads, and as much as a header can tell (RFC 9651, 3.3.1). */
export const MAX_DAILY_LIMIT = 999_999_999_999_999

/** What of it is used, until `resetsAt`, the midnight to come. */
export type DailyUse = { readonly photos: number; readonly bytes: number; readonly resetsAt: Date }

export function isLimited({ photos, bytes }: DailyLimits): boolean {
  return photos !== null || bytes !== null
}

/** How much is left of each; null where there is no limit. */
export function leftOf(limits: DailyLimits, used: DailyUse): DailyLimits {
  const left = (limit: number | null, of: number) => limit && Math.max(0, limit - of)
  return { photos: left(limits.photos, used.photos), bytes: left(limits.bytes, used.bytes) }
}

/** Whether a photo of so many bytes is within what is left. */
export function allows({ photos, bytes }: DailyLimits, size: number): boolean {
  return (photos === null || photos >= 1) && (bytes === null || bytes >= size)
}

/** The owner has used up a day's photos or bytes of them, or has not so many left. */
export class DailyLimitError extends DarkroomError {
  readonly code = 'daily_limit_reached'
  readonly used: DailyUse
  readonly limits: DailyLimits

  constructor(used: DailyUse, limits: DailyLimits) {
    const { photos, bytes } = leftOf(limits, used)
    const left = [photos !== null && amount(photos, 'photo'), bytes !== null && amount(bytes, 'byte')]
    super(
      `Of what this owner may upload in a day ${left.filter(Boolean).join(' and ')} are left until ${used.resetsAt.toISOString()}.`,
    )
    this.used = used
    this.limits = limits
  }
}

const amount = (count: number, unit: string) =>
  `${count.toLocaleString('en')} ${unit}${count === 1 ? '' : 's'}`
