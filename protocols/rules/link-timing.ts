/** Silent sample periods after which a board is away. */
export const SILENT_PERIODS = 3

const BACK_OFF_FIRST_MS = 500
const BACK_OFF_MOST_MS = 30_000

/** How long to wait before the n-th attempt to reach a board again (n from 1): doubles from 0.5 s to 30 s. */
export function backOffMs(attempt: number): number {
  const doublings = Math.min(Math.max(0, attempt - 1), 10)
  return Math.min(BACK_OFF_MOST_MS, BACK_OFF_FIRST_MS * 2 ** doublings)
}

/** The report windows that a board takes, ms. */
export const REPORT_WINDOW_MS = { least: 400, most: 60_000 } as const

/** Two reports a sample period, so that a late one does not cost the slot. */
export function reportWindowMs(sampleMs: number): number {
  return Math.min(REPORT_WINDOW_MS.most, Math.max(REPORT_WINDOW_MS.least, Math.floor(sampleMs / 2)))
}
