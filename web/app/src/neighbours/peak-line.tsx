import type { JSX } from 'preact'
import { count, powerScale } from '../words/format.ts'

const HEIGHT = 40
const STEP = 6

/** The peak power of the newest readings, oldest first: a picture with its figures in words. */
export function PeakLine({ peaksW }: { readonly peaksW: readonly number[] }): JSX.Element | null {
  if (peaksW.length < 2) return null
  const most = Math.max(...peaksW)
  const top = Math.max(1, most)
  const width = peaksW.length * STEP
  const highest = powerScale(0).text(most)
  const words = `Peak power of the newest ${count(peaksW.length)} readings: highest ${highest}`
  return (
    <div class="peaks">
      <svg viewBox={`0 0 ${width} ${HEIGHT}`} preserveAspectRatio="none" role="img" aria-label={words}>
        {peaksW.map((peak, at) => {
          const height = Math.max(1, (HEIGHT * peak) / top)
          return <rect key={at} x={at * STEP} y={HEIGHT - height} width={STEP - 2} height={height} />
        })}
      </svg>
      <small aria-hidden="true">
        Peaks of the newest {count(peaksW.length)} readings, highest {highest}
      </small>
    </div>
  )
}
