import type { JSX } from 'preact'
import { useEffect, useRef, useState } from 'preact/hooks'
import uPlot from 'uplot'
import '../style/chart.css'
import type { PowerPoint } from '../../../read-model.ts'
import { clockLabel, powerScale } from '../words/format.ts'
import { Empty } from './card.tsx'

interface PowerChartProps {
  readonly series: readonly PowerPoint[]
  readonly limitW: number | null
  readonly limitName: string
}

/** Power over time with the contracted power as a line. A picture with a summary in words. */
export function PowerChart({ series, limitW, limitName }: PowerChartProps): JSX.Element {
  const box = useRef<HTMLDivElement>(null)
  const chart = useRef<uPlot | null>(null)
  const [pointed, setPointed] = useState<PowerPoint | null>(null)
  const points = useRef(series)
  points.current = series
  const drawable = series.length > 1
  useEffect(() => {
    const host = box.current
    if (host === null || !drawable) return undefined
    const point = (index: number | null): void => {
      setPointed(index === null ? null : (points.current[index] ?? null))
    }
    const redraw = (): void => {
      chart.current?.destroy()
      chart.current = new uPlot(optionsFor(host, point), dataOf(points.current, limitW), host)
    }
    redraw()
    const dark = matchMedia('(prefers-color-scheme: dark)')
    dark.addEventListener('change', redraw)
    const resized = new ResizeObserver(() => chart.current?.setSize(sizeOf(host)))
    resized.observe(host)
    return () => {
      dark.removeEventListener('change', redraw)
      resized.disconnect()
      chart.current?.destroy()
      chart.current = null
    }
  }, [drawable, limitW])
  useEffect(() => chart.current?.setData(dataOf(series, limitW)), [series, limitW])
  if (!drawable) return <Empty icon="power">The line begins with the second reading.</Empty>
  return (
    <>
      <p class="chart-legend">
        <span class="key key-power">{pointed === null ? summaryOf(series) : describe(pointed)}</span>
        {limitW === null ? null : (
          <span class="key key-limit">
            {limitName} {powerScale(limitW).text(limitW)}
          </span>
        )}
      </p>
      <div class="chart" ref={box} role="img" aria-label={wordsOf(series, limitW, limitName)} />
    </>
  )
}

function dataOf(series: readonly PowerPoint[], limitW: number | null): uPlot.AlignedData {
  const times = series.map(({ atMs }) => atMs / 1000)
  const powers = series.map(({ powerW }) => powerW / 1000)
  return [times, powers, times.map(() => (limitW === null ? null : limitW / 1000))]
}

function sizeOf(host: HTMLElement): { width: number; height: number } {
  return { width: host.clientWidth, height: host.clientHeight }
}

function optionsFor(host: HTMLElement, point: (index: number | null) => void): uPlot.Options {
  const style = getComputedStyle(host)
  const colour = (name: string): string => style.getPropertyValue(name).trim()
  const axis = { stroke: colour('--soft'), font: `12px ${style.fontFamily}`, ticks: { show: false } }
  const grid = { stroke: colour('--line'), width: 1 }
  return {
    ...sizeOf(host),
    padding: [10, 30, 0, 0],
    legend: { show: false },
    cursor: { y: false, drag: { x: false, y: false }, points: { size: 9 } },
    scales: { y: { range: (_chart, low, high) => rangeOf(low, high) } },
    axes: [
      { ...axis, grid: { show: false }, size: 28, space: 64, values: timeLabels },
      { ...axis, grid, size: 44, space: 36, values: (_chart, ticks) => ticks.map(tickLabel) },
    ],
    series: [
      {},
      {
        stroke: colour('--brand'),
        width: 2,
        fill: colour('--brand-fill'),
        points: { show: false },
      },
      { stroke: colour('--over'), width: 1.5, dash: [6, 5], points: { show: false } },
    ],
    hooks: { setCursor: [(chart) => point(chart.cursor.idx ?? null)] },
  }
}

/** From zero, or below while exporting, to a little above the highest value or limit. */
function rangeOf(low: number, high: number): [number, number] {
  const top = Math.max(high, 0.1)
  const bottom = Math.min(low, 0)
  return [bottom * 1.15, top * 1.12]
}

function timeLabels(_chart: uPlot, ticks: number[]): string[] {
  const step = (ticks[1] ?? 0) - (ticks[0] ?? 0)
  return ticks.map((tick) => clockLabel(tick * 1000, step < 60))
}

function tickLabel(kilowatts: number): string {
  return powerScale(kilowatts * 1000)
    .number(kilowatts * 1000)
    .replace(/([.,]\d)0$/, '$1')
}

function describe(point: PowerPoint): string {
  return `${clockLabel(point.atMs, true)} · ${powerScale(point.powerW).text(point.powerW)}`
}

function summaryOf(series: readonly PowerPoint[]): string {
  const peak = Math.max(...series.map(({ powerW }) => powerW))
  return `highest ${powerScale(peak).text(peak)}`
}

function wordsOf(series: readonly PowerPoint[], limitW: number | null, limitName: string): string {
  const last = series.at(-1)
  const now = last === undefined ? '' : `, now ${powerScale(last.powerW).text(last.powerW)}`
  const limit = limitW === null ? '' : `, ${limitName} ${powerScale(limitW).text(limitW)}`
  return `Power over time: ${summaryOf(series)}${now}${limit}`
}
