import type { Chart, ChartTransition } from '../../actors/inspection/chart.ts'

/** One transition in words: what makes it happen, and what it does. */
export interface TransitionWords {
  readonly number: number
  readonly when: string
  /** Empty when it does nothing. */
  readonly does: string
}

const CAUSES: Readonly<Record<ChartTransition['cause'], (on: string) => string>> = {
  event: (on) => on,
  always: () => 'at once',
  after: (on) => `after ${on}`,
  done: (on) => `${on} is done`,
  error: (on) => `${on} fails`,
}

export function transitionWords(chart: Chart, number: number): TransitionWords {
  const transition = chart.transitions[number]
  if (transition === undefined) return { number, when: '?', does: '' }
  const { cause, on, guard, actions } = transition
  const when = `${CAUSES[cause](on)}${guard === null ? '' : ` [${guard}]`}`
  return { number, when, does: actions.length === 0 ? '' : `/ ${actions.join(', ')}` }
}

/** Font size of a chart's names, and of what is said beside them, in units of the drawing. */
export const NAME_SIZE = 13
export const SMALL_SIZE = 11

const NARROW = /[iljtfr.,:;'|!()[\] /I]/
const WIDE = /[mwMW@%]/
const UPPER = /[A-Z_]/

/** How wide a text is about to be: the same everywhere, so that a drawing is the same everywhere. */
export function widthOf(text: string, size: number): number {
  let ems = 0
  for (const letter of text) {
    if (NARROW.test(letter)) ems += 0.37
    else if (WIDE.test(letter)) ems += 0.95
    else ems += UPPER.test(letter) ? 0.72 : 0.61
  }
  return Math.ceil(ems * size)
}
