const UNITS = ['bytes', 'kB', 'MB', 'GB', 'TB', 'PB'] as const

/** Bytes in the largest unit of which they are one at least, a kB of 1,000. */
export function bytes(value: number): string {
  const size = Math.abs(value)
  const unit = size < 1 ? 0 : Math.min(Math.floor(Math.log10(size) / 3), UNITS.length - 1)
  return `${unit === 0 ? Math.round(value) : short(value / 1000 ** unit)} ${UNITS[unit]}`
}

/** Time of a core: in hours, or as a duration when it is less than one. */
export function cpuTime(ms: number): string {
  return ms >= 3.6e6 ? `${short(ms / 3.6e6)} h` : duration(ms / 1000)
}

/** Three digits, or all before the point. */
export function short(value: number): string {
  const size = Math.abs(value)
  const digits = size >= 100 ? 0 : size >= 10 ? 1 : 2
  return value.toLocaleString('en', { minimumFractionDigits: digits, maximumFractionDigits: digits })
}

/** An amount; of what is less than a cent as much as there is of it. */
export function money(value: number, currency: string): string {
  const isSmall = value !== 0 && Math.abs(value) < 0.1
  return `${isSmall ? value.toLocaleString('en', { maximumSignificantDigits: 2 }) : value.toFixed(2)} ${currency}`
}

/** Seconds in the two largest units that they have. */
export function duration(seconds: number): string {
  const units = [
    [86_400, 'd'],
    [3_600, 'h'],
    [60, 'min'],
    [1, 's'],
  ] as const
  const first = units.findIndex(([size]) => seconds >= size)
  if (first < 0) return '0 s'
  let rest = Math.round(seconds)
  return units
    .slice(first, first + 2)
    .flatMap(([size, unit]) => {
      const whole = Math.floor(rest / size)
      rest -= whole * size
      return whole > 0 ? [`${whole} ${unit}`] : []
    })
    .join(' ')
}
