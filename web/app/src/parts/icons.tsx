import type { JSX } from 'preact'

/** The drawings of the pages: 24 by 24, drawn by stroke in the text's colour, silent for screen readers. */
const PATHS = {
  energy: <path d="M13 3 5.5 13.5H12L11 21l7.5-10.5H12L13 3Z" />,
  power: (
    <>
      <path d="M4.5 17a8.5 8.5 0 1 1 15 0" />
      <path d="m12 14.5 4-5" />
      <circle cx="12" cy="14.5" r="1.6" />
    </>
  ),
  water: <path d="M12 3.5c3 3.7 6 6.8 6 10.3a6 6 0 0 1-12 0c0-3.5 3-6.6 6-10.3Z" />,
  comfort: <path d="M14 13.5V6a2.5 2.5 0 0 0-5 0v7.5a4.5 4.5 0 1 0 5 0ZM11.5 9v8" />,
  bell: <path d="M6 16.5V11a6 6 0 0 1 12 0v5.5l1.5 2h-15l1.5-2ZM10 21h4" />,
  home: <path d="m4 11.5 8-7 8 7M6.5 9.5V20h11V9.5" />,
  people: (
    <>
      <circle cx="9" cy="8.5" r="3.2" />
      <path d="M3 19.5c.6-3.3 3-5 6-5s5.4 1.7 6 5" />
      <path d="M15.5 5.6a3.2 3.2 0 0 1 0 5.8M17.5 14.8c1.9.7 3.1 2.3 3.5 4.7" />
    </>
  ),
  blocks: <path d="m12 3 7.5 4.3v9.4L12 21l-7.5-4.3V7.3L12 3Zm0 9 7.5-4.7M12 12 4.5 7.3M12 12v9" />,
  check: <path d="m5 12.5 4.5 4.5L19 7.5" />,
  notice: (
    <>
      <circle cx="12" cy="12" r="8.5" />
      <path d="M12 11v5M12 7.9v.2" />
    </>
  ),
  warning: <path d="M12 4 21 19.5H3L12 4Zm0 6v4.5m0 2.4v.2" />,
  critical: (
    <>
      <path d="M8.2 3.5h7.6l4.7 4.7v7.6l-4.7 4.7H8.2l-4.7-4.7V8.2l4.7-4.7Z" />
      <path d="M12 7.5V13m0 3.2v.2" />
    </>
  ),
  offline: (
    <>
      <path d="m3 3 18 18M8.5 15.5a5 5 0 0 1 7 0M12 19v.2" />
      <path d="M5.5 12.2a9.5 9.5 0 0 1 4-2.3m4.2-.2a9.5 9.5 0 0 1 4.8 2.5" />
    </>
  ),
  refused: (
    <>
      <circle cx="12" cy="12" r="8.5" />
      <path d="m6 6 12 12" />
    </>
  ),
  split: <path d="M12 3.5a8.5 8.5 0 1 0 8.5 8.5H12V3.5Zm3.5.7a8.5 8.5 0 0 1 4.3 4.3" />,
  market: <path d="M4 9.5h16M4 9.5 5.5 4.5h13L20 9.5M5.5 9.5V20h13V9.5M10 20v-5.5h4V20" />,
  wallet: <path d="M19 8V5.5H6A2 2 0 0 0 6 9.5h14V19H6a2 2 0 0 1-2-2V7.5M16.2 14.2v.2" />,
  rules: <path d="M4 7h8m5 0h3M4 17h3m5 0h8M14.5 4.5v5M9.5 14.5v5" />,
  lock: <path d="M6 11h12v9H6zM8.5 11V8a3.5 3.5 0 0 1 7 0v3" />,
  unlocked: <path d="M6 11h12v9H6zM8.5 11V8a3.5 3.5 0 0 1 6.6-1.6" />,
  inbox: <path d="M4 13.5 6.5 5h11l2.5 8.5V19H4v-5.5Zm0 0h4.5a3.5 3.5 0 0 0 7 0H20" />,
  file: <path d="M12 4v10m0 0 4-4m-4 4-4-4M5 19h14" />,
  plus: <path d="M12 5v14M5 12h14" />,
  total: <path d="M18 5H6.5l6 7-6 7H18" />,
} satisfies Record<string, JSX.Element>

export type IconName = keyof typeof PATHS

export function Icon({ name }: { readonly name: IconName }): JSX.Element {
  return (
    <svg class="icon" viewBox="0 0 24 24" aria-hidden="true" focusable="false">
      {PATHS[name]}
    </svg>
  )
}

/** The mark of the product: a roof over a dial. */
export function Mark(): JSX.Element {
  return (
    <svg class="mark" viewBox="0 0 64 64" aria-hidden="true" focusable="false">
      <rect width="64" height="64" rx="15" class="mark-ground" />
      <path d="M13 31 32 14l19 17" class="mark-roof" />
      <path d="M19.5 47.5a14 14 0 1 1 25 0" class="mark-dial" />
      <path d="M32 43 38.5 34" class="mark-roof" />
      <circle cx="32" cy="43" r="4" class="mark-hub" />
    </svg>
  )
}
