/** How browsers choose: Chromium and Safari (WebKit) alike, Firefox (Gecko) in its own way. */
export const ENGINES = ['webkit', 'gecko'] as const
export type Engine = (typeof ENGINES)[number]

/**
 * Which of these widths, narrowest first, a browser takes from `srcset` for a slot of so many CSS pixels on a screen of so many
 * device pixels to each. Firefox takes the narrowest that has all the pixels; the others take one that is narrower, too, when the
 * screen is nearer to it than to the next one (on the scale of ratios). Throws RangeError when there is none.
 */
export function candidateFor(
  widths: readonly number[],
  { slot, pixelRatio, engine }: { slot: number; pixelRatio: number; engine: Engine },
): number {
  const widest = widths.at(-1)
  if (widest === undefined) throw new RangeError('There is nothing to choose from.')
  for (const [index, width] of widths.entries()) {
    const next = widths[index + 1]
    if (next === undefined || width / slot >= pixelRatio) return width
    if (engine === 'gecko' || next / slot < pixelRatio) continue
    const isNearer = pixelRatio > 1 && pixelRatio < Math.sqrt((width / slot) * (next / slot))
    if (isNearer) return width
  }
  return widest
}
