import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

const ROWS = 1_000
const ROW_MS = 15 * 60_000
const START_MS = Date.UTC(2026, 0, 5)

/** For so many rows a home lives in its first way, and then in the other: its quota is for the whole. */
export const FIRST_ROWS = 700

/** A folder with a profile of each home, in watts; nobody uses water. */
export async function writeProfiles(
  folder: string,
  homes: number,
  wattsAt: (row: number, home: number) => number,
): Promise<void> {
  await mkdir(folder)
  const columns = Array.from({ length: homes }, (_, home) => home)
  const lines = Array.from({ length: ROWS }, (_, row) => {
    const time = new Date(START_MS + row * ROW_MS).toISOString()
    return [time, ...columns.map((home) => wattsAt(row, home))].join(',')
  })
  const header = ['time', ...columns.map((home) => `h${home + 1}`)].join(',')
  await writeFile(join(folder, 'electricity_w.csv'), `${[header, ...lines].join('\n')}\n`)
}
