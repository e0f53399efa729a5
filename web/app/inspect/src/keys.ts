import { follow, goToCause, goToPlace, shown, stepBy, togglePlay } from './model/player.ts'
import { zoom, zoomBy } from './parts/chart-view.tsx'

const KEYS: Readonly<Record<string, () => void>> = {
  ArrowLeft: () => stepBy(-1),
  ArrowRight: () => stepBy(1),
  PageUp: () => stepBy(-10),
  PageDown: () => stepBy(10),
  Home: () => goToPlace(0),
  End: () => goToPlace(shown().length - 1),
  ' ': togglePlay,
  c: goToCause,
  l: follow,
  '+': () => zoomBy(1.25),
  '-': () => zoomBy(0.8),
  '0': () => (zoom.value = null),
}

const TYPING = new Set(['INPUT', 'SELECT', 'TEXTAREA'])

/** The page by keyboard; what is typed into a field stays there. */
export function listenToKeys(): void {
  addEventListener('keydown', (event) => {
    const { target, key } = event
    if (event.ctrlKey || event.metaKey || event.altKey || !(target instanceof HTMLElement)) return
    if (TYPING.has(target.tagName) || (target.tagName === 'BUTTON' && key === ' ')) return
    const act = KEYS[key]
    if (act === undefined) return
    event.preventDefault()
    act()
  })
}
