import { describe, expect, it } from 'vitest'
import { Draining } from '../../bin/start/drain.ts'

const QUIET = { block: 10, pending: 0, unsettled: 0, notFinal: 0 }
const MINUTE_MS = 60_000

describe('the end of a run', () => {
  it('comes at once when nothing waits and everybody is at the same block', () => {
    expect(new Draining(0).look([QUIET, QUIET], 0)).toEqual({ over: true, left: null })
  })

  it('waits for a gateway that is behind: it does not know yet what waits for it', () => {
    const draining = new Draining(0)
    const behind = { ...QUIET, block: 4 }
    expect(draining.look([QUIET, behind], 0).over).toBe(false)
    // The others go on; what nobody waited for at their height is of no interest.
    expect(
      draining.look(
        [
          { ...QUIET, block: 14 },
          { ...QUIET, block: 9 },
        ],
        1_000,
      ).over,
    ).toBe(false)
    expect(draining.look([{ ...QUIET, block: 15 }, QUIET], 2_000)).toEqual({ over: true, left: null })
  })

  it('waits for one that has come to know of readings on its way to the newest block', () => {
    const draining = new Draining(0)
    draining.look([QUIET, { ...QUIET, block: null }], 0)
    expect(draining.look([QUIET, { ...QUIET, pending: 3 }], 1_000).over).toBe(false)
    expect(draining.look([{ ...QUIET, block: 12 }, QUIET], 2_000).over).toBe(false)
    const both = { ...QUIET, block: 12 }
    expect(draining.look([both, both], 3_000).over).toBe(true)
  })

  it('goes on as long as readings come in, and gives up after a minute and a half without any', () => {
    const draining = new Draining(0)
    for (const [minutes, pending] of [3, 2, 1].entries()) {
      expect(draining.look([{ ...QUIET, pending }], minutes * MINUTE_MS).over).toBe(false)
    }
    expect(draining.look([{ ...QUIET, pending: 1 }], 3 * MINUTE_MS).over).toBe(false)
    expect(draining.look([{ ...QUIET, pending: 1 }], 4 * MINUTE_MS)).toEqual({
      over: true,
      left: '1 calls and readings still wait',
    })
  })

  it('gives trades a minute and a half, however many settle meanwhile', () => {
    const draining = new Draining(0)
    expect(draining.look([{ ...QUIET, unsettled: 2 }], MINUTE_MS).over).toBe(false)
    expect(draining.look([{ ...QUIET, unsettled: 1 }], 1.6 * MINUTE_MS)).toEqual({
      over: true,
      left: '1 trades and delegations go on',
    })
  })

  it('ends after five minutes whatever happens', () => {
    const draining = new Draining(0)
    for (let minute = 0; minute < 5; minute += 1)
      draining.look([{ ...QUIET, pending: minute }], minute * MINUTE_MS)
    expect(draining.look([{ ...QUIET, pending: 9 }], 5.1 * MINUTE_MS).over).toBe(true)
  })
})
