export type Measured = {
  picture: string
  encoder: string
  quality: number
  bytes: number
  distance: number
  ms: number
}

/** What others are matched to. */
const REFERENCE = { encoder: 'JPEG', quality: 78 }

/** One table of settings, and one of bytes at the distance of JPEG 78. */
export function tablesOf(measured: readonly Measured[]): string {
  return `${settingsTable(measured)}\n\n${matchedTable(measured)}`
}

function settingsTable(measured: readonly Measured[]): string {
  const bySetting = Map.groupBy(measured, ({ encoder, quality }) => `${encoder}, ${quality}`)
  const rows = Array.from(bySetting, ([setting, all]) => [
    setting,
    mean(all.map(({ bytes }) => bytes / 1000)).toFixed(1),
    mean(all.map(({ distance }) => distance)).toFixed(2),
    Math.max(...all.map(({ distance }) => distance)).toFixed(2),
    mean(all.map(({ ms }) => ms)).toFixed(0),
  ])
  return table(['setting', 'kB', 'distance', 'worst', 'ms'], rows)
}

function matchedTable(measured: readonly Measured[]): string {
  const byPicture = Map.groupBy(measured, ({ picture }) => picture)
  const encoders = [...new Set(measured.map(({ encoder }) => encoder))]
  const rows = Array.from(byPicture, ([picture, all]) => {
    const reference = all.find(
      (one) => one.encoder === REFERENCE.encoder && one.quality === REFERENCE.quality,
    )
    const distance = reference?.distance ?? 0
    const ratios = encoders.map((encoder) => {
      const bytes = bytesAt(
        distance,
        all.filter((one) => one.encoder === encoder),
      )
      return bytes / (reference?.bytes ?? 1)
    })
    return { picture, distance, ratios }
  })
  const means = encoders.map((_, i) => mean(rows.map(({ ratios }) => ratios[i] as number)).toFixed(2))
  return table(
    ['bytes at the distance of JPEG 78', 'distance', ...encoders],
    [
      ...rows.map(({ picture, distance, ratios }) => [
        picture,
        distance.toFixed(2),
        ...ratios.map((ratio) => ratio.toFixed(2)),
      ]),
      ['**all**', '', ...means],
    ],
  )
}

/** By the line through the two measurements that enclose the distance, or are nearest to it; of logarithms. */
export function bytesAt(distance: number, all: readonly Pick<Measured, 'bytes' | 'distance'>[]): number {
  const rising = all.toSorted((a, b) => a.bytes - b.bytes)
  const after = rising.findIndex((one) => one.distance <= distance)
  const at = Math.min(Math.max(after === -1 ? rising.length - 1 : after, 1), rising.length - 1)
  const [a, b] = [rising[at - 1], rising[at]]
  if (!a || !b) return a?.bytes ?? b?.bytes ?? 0
  if (a.distance === b.distance) return b.bytes
  const share = Math.log(distance / a.distance) / Math.log(b.distance / a.distance)
  return Math.exp(Math.log(a.bytes) + Math.min(Math.max(share, -0.5), 1.5) * Math.log(b.bytes / a.bytes))
}

function mean(values: readonly number[]): number {
  return Math.exp(values.reduce((sum, value) => sum + Math.log(value), 0) / values.length)
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const lineOf = (cells: readonly string[]) => `| ${cells.join(' | ')} |`
  return [lineOf(head), lineOf(head.map((_, i) => (i === 0 ? '---' : '--:'))), ...rows.map(lineOf)].join('\n')
}
