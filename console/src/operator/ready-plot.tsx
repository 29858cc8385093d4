import type { Stats } from 'darkroom-client'
import { useEffect, useRef } from 'preact/hooks'
import uPlot from 'uplot'
import 'uplot/dist/uPlot.min.css'
import { clock, duration } from '../words/amounts.ts'

type ReadyPlotProps = { ready: Stats['ready']; until: number; label: string }

const BLOCK_SIZE = 170
const HOUR_S = 3_600
const MINUTE_S = 60

/** The hour until then. A minute in which no photo became ready is a gap. */
function dataOf(ready: Stats['ready'], until: number): uPlot.AlignedData {
  const end = Math.floor(until / 1_000 / MINUTE_S) * MINUTE_S
  const byMinute = new Map(ready.map((minute) => [Date.parse(minute.at) / 1_000, minute]))
  const minutes = Array.from({ length: HOUR_S / MINUTE_S + 1 }, (_, n) => end - HOUR_S + n * MINUTE_S)
  return [
    minutes,
    minutes.map((at) => byMinute.get(at)?.p50Ms ?? null),
    minutes.map((at) => byMinute.get(at)?.p95Ms ?? null),
  ]
}

function optionsFor(host: HTMLElement): uPlot.Options {
  // Drawn with the colours that the sheet gives the host.
  const { color: ink, caretColor: accent, borderBlockEndColor: line, fontFamily } = getComputedStyle(host)
  const axis = {
    stroke: ink,
    font: `12px ${fontFamily}`,
    grid: { stroke: line, width: 1 },
    ticks: { show: false },
  }
  const point = { show: true, size: 4 }
  return {
    width: host.clientWidth,
    height: BLOCK_SIZE,
    legend: { show: false },
    cursor: { show: false },
    scales: { y: { range: (_plot, _least, most) => [0, most * 1.1 || 1] } },
    axes: [
      { ...axis, values: (_plot, ticks) => ticks.map((tick) => clock(tick * 1_000)), space: 80, size: 28 },
      { ...axis, values: (_plot, ticks) => ticks.map((tick) => duration(tick)), size: 64, space: 36 },
    ],
    series: [
      {},
      { stroke: accent, width: 2, points: { ...point, fill: accent } },
      { stroke: ink, width: 1, dash: [4, 3], points: { ...point, fill: ink } },
    ],
  }
}

export function ReadyPlot({ ready, until, label }: ReadyPlotProps) {
  const host = useRef<HTMLDivElement>(null)
  const plot = useRef<uPlot | null>(null)
  const data = dataOf(ready, until)

  useEffect(() => {
    const element = host.current as HTMLDivElement
    const scheme = matchMedia('(prefers-color-scheme: dark)')
    const draw = () => {
      const shown = plot.current?.data ?? data
      plot.current?.destroy()
      plot.current = new uPlot(optionsFor(element), shown, element)
    }
    const fitting = new ResizeObserver(() => {
      plot.current?.setSize({ width: element.clientWidth, height: BLOCK_SIZE })
    })
    draw()
    fitting.observe(element)
    scheme.addEventListener('change', draw)
    return () => {
      fitting.disconnect()
      scheme.removeEventListener('change', draw)
      plot.current?.destroy()
      plot.current = null
    }
  }, [])
  useEffect(() => plot.current?.setData(data), [ready, until])

  return <div ref={host} class="ready-plot" role="img" aria-label={label} dir="ltr" />
}
