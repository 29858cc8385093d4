import { type Photo, renditionUrl } from '../../../clients/typescript/src/darkroom-client.ts'

/** What came of one file: the photo as last seen, and why it is not what was wanted. */
export type Outcome = {
  file: string
  photo: Photo | null
  failure: { code: string; detail: string } | null
}

/** One line per photo; names and ids in columns. */
export function photoTable(outcomes: readonly Outcome[]): string {
  const width = Math.max(...outcomes.map(({ file }) => file.length))
  return outcomes
    .flatMap(({ file, photo }) => (photo ? [`${file.padEnd(width)}  ${photo.id}  ${photo.status}`] : []))
    .join('\n')
}

/** Photos with their renditions. A URL is longer than a line: it has its own, from the first column, to be copied whole. */
export function renditionTables(outcomes: readonly Outcome[]): string {
  return outcomes.flatMap(({ file, photo }) => (photo ? [renditionTable(file, photo)] : [])).join('\n\n')
}

export function failureLines(outcomes: readonly Outcome[]): string {
  return outcomes
    .flatMap(({ file, failure }) => (failure ? [`${file}: ${failure.code}: ${failure.detail}`] : []))
    .join('\n')
}

function renditionTable(file: string, photo: Photo): string {
  const { id, shortcode, status, renditions } = photo
  const rows = renditions.flatMap((rendition) => {
    const { preset, format, width, height, bytes } = rendition
    const size = width === null ? 'unmade' : `${width}×${height}`
    return [
      `  ${preset.padEnd(8)}${format.padEnd(6)}${size.padEnd(10)}${(bytes === null ? '' : kilobytes(bytes)).padStart(10)}`,
      renditionUrl(rendition, photo),
    ]
  })
  return [`${file}  ${status}  ${id}  ${shortcode}`, ...rows].join('\n')
}

function kilobytes(bytes: number): string {
  return `${(bytes / 1000).toFixed(1)} kB`
}
