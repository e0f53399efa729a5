import { boardLinkMachine } from './board-link/machine.ts'
import { powerControlMachine } from './power-control/machine.ts'

/** Every pure machine by the name of its folder, for drawings, the state-chart viewer and the specs. */
export const catalogue = {
  'board-link': boardLinkMachine,
  'power-control': powerControlMachine,
} as const

export type MachineName = keyof typeof catalogue
