const TIME =
  /^(?<year>\d{4})[-:](?<month>\d\d)[-:](?<day>\d\d)(?:[T ](?<hour>\d\d):(?<minute>\d\d)(?::(?<second>\d\d)(?:[.,](?<fraction>\d{1,9}))?)?\s*(?<zone>Z|[+-]\d\d:?\d\d)?)?$/

/**
 * The moment that a text tells, as ISO 8601, EXIF and XMP write it; null when it is none. Without a zone it is local time
 * of nobody knows where: `offset`, such as `+02:00`, says where, and UTC is taken otherwise.
 */
export function parseWrittenTime(text: string, offset: string | null = null): Date | null {
  const fields = TIME.exec(text.trim())?.groups
  if (!fields) return null
  const { year, month, day, hour = '00', minute = '00', second = '00', fraction = '0', zone } = fields
  const local = `${year}-${month}-${day}T${hour}:${minute}:${second}.${fraction.padEnd(3, '0').slice(0, 3)}Z`
  const time = new Date(local)
  // A day that a month does not have would be one of the next month.
  if (Number.isNaN(time.getTime()) || time.toISOString() !== local) return null
  return new Date(time.getTime() - offsetMs(zone ?? offset ?? 'Z'))
}

function offsetMs(zone: string): number {
  const [, sign, hours = '0', minutes = '0'] = /^([+-])(\d\d):?(\d\d)$/.exec(zone) ?? []
  const ms = (Number(hours) * 60 + Number(minutes)) * 60_000
  return sign === '-' ? -ms : ms
}
