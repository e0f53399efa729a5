import type { JSX } from 'preact'

interface SwitchProps {
  readonly label: string
  readonly on: boolean
  readonly busy: boolean
  readonly turn: () => void
}

/** Something that is on or off. */
export function Switch({ label, on, busy, turn }: SwitchProps): JSX.Element {
  return (
    <button
      type="button"
      role="switch"
      class="switch"
      aria-checked={on}
      aria-label={label}
      disabled={busy}
      onClick={turn}
    >
      <i />
    </button>
  )
}
