/** What tells a photo's renditions apart: `feed avif`. */
export function nameOf({ preset, format }: { preset: string; format: string }): string {
  return `${preset} ${format}`
}
