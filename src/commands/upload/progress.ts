import { SingleBar } from 'cli-progress'

export type Progress = { advance(count: number): void } & Disposable

/** A bar on stderr until disposed; nothing when stderr is no terminal. `inUnits` says a count in words. */
export function showProgress(title: string, total: number, inUnits: (count: number) => string): Progress {
  const bar = new SingleBar({
    format: (_options, { progress, value }) =>
      `${title} ${drawn(progress)} ${Math.floor(progress * 100)}%  ${inUnits(value)} of ${inUnits(total)}`,
    // The terminal would stay without line wrap after Ctrl-C.
    linewrap: true,
  })
  bar.start(total, 0)
  return {
    advance: (count) => bar.increment(count),
    [Symbol.dispose]: () => bar.stop(),
  }
}

export function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`
}

const BAR_LENGTH = 32

function drawn(progress: number): string {
  return '█'.repeat(Math.floor(progress * BAR_LENGTH)).padEnd(BAR_LENGTH, '░')
}
