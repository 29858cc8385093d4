import { language } from './words.ts'

/** Numbers, bytes and times as the reader's language writes them. */
export function number(value: number, options?: Intl.NumberFormatOptions): string {
  return new Intl.NumberFormat(language.value, options).format(value)
}

const BYTES = ['byte', 'kilobyte', 'megabyte', 'gigabyte', 'terabyte'] as const

export function bytes(value: number): string {
  const step = value < 1000 ? 0 : Math.min(BYTES.length - 1, Math.floor(Math.log10(value) / 3))
  const amount = value / 1000 ** step
  return number(amount, {
    style: 'unit',
    unit: BYTES[step] as string,
    unitDisplay: step === 0 ? 'long' : 'short',
    maximumFractionDigits: amount < 10 && step > 0 ? 1 : 0,
  })
}

/** `1,600 × 1,200`, the width first also where one writes from right to left. */
export function pixels({ width, height }: { width: number; height: number }): string {
  return `\u2066${number(width)} × ${number(height)}\u2069`
}

export function percent(share: number): string {
  return number(share, { style: 'percent', maximumFractionDigits: share < 0.1 ? 1 : 0 })
}

/** `340ms`, `2.4s`, `3 min`: as short as the language has it, as often three of them stand in a row. */
export function duration(ms: number): string {
  const unit = (value: number, name: string, digits: number) => {
    const unitDisplay = name.endsWith('second') ? 'narrow' : 'short'
    return number(value, { style: 'unit', unit: name, unitDisplay, maximumFractionDigits: digits })
  }
  if (ms < 1_000) return unit(Math.round(ms), 'millisecond', 0)
  if (ms < 60_000) return unit(ms / 1_000, 'second', ms < 10_000 ? 1 : 0)
  if (ms < 3_600_000) return unit(ms / 60_000, 'minute', 0)
  return unit(ms / 3_600_000, 'hour', 1)
}

let times: Intl.DateTimeFormat | null = null

export function time(at: Date | string): string {
  if (times?.resolvedOptions().locale !== language.value)
    times = new Intl.DateTimeFormat(language.value, { dateStyle: 'medium', timeStyle: 'short' })
  return times.format(new Date(at))
}

/** The time alone if it is today's. */
export function clock(at: number): string {
  const isToday = new Date(at).toDateString() === new Date().toDateString()
  const dateStyle = isToday ? undefined : 'medium'
  return new Intl.DateTimeFormat(language.value, { timeStyle: 'short', dateStyle }).format(at)
}

/** A time to the second. */
export function moment(at: number): string {
  return new Intl.DateTimeFormat(language.value, { dateStyle: 'medium', timeStyle: 'medium' }).format(at)
}
