import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { Fault } from '../../protocols/rules/fault.ts'
import type { BoardKind } from '../../protocols/rules/reading.ts'

/** From the sources, and from what is compiled into dist/, which holds no data files. */
const HARDWARE = ['../', '../../../hardware/']

/** A data file of the hardware folder, wherever this code runs from. */
function hardwarePath(relative: string): string {
  const paths = HARDWARE.map((folder) => fileURLToPath(new URL(folder + relative, import.meta.url)))
  const path = paths.find((one) => existsSync(one))
  if (path !== undefined) return path
  throw new Fault('file-missing', `${paths[0] ?? relative} is missing; clone the repository again`, {
    file: relative,
  })
}

/** The committed firmware of a board, Intel HEX. */
export function firmwareHex(kind: BoardKind): string {
  return readFileSync(hardwarePath(`firmware/${kind}.hex`), 'utf8')
}

/** The committed profiles folder. */
export function defaultProfilesFolder(): string {
  return hardwarePath('profiles')
}
