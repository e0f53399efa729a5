import { describe, expect, it } from 'vitest'
import { delegationSignals, type DelegationSight } from '../../actors/delegation/hearing.ts'
import type { DelegationTable } from '../../actors/storage/schema.ts'

const ROW: DelegationTable = {
  id: 7,
  delegator: '0xa',
  delegatee: '0xb',
  functions: 3,
  from_slot: 100,
  until_slot: 200,
  agreed_until_slot: 200,
  reward: '1000',
  terms: '0x',
  block: 50,
  ended_by: null,
  ended_block: null,
  watched_count: null,
  watched_root: null,
  paid: null,
  claimed_block: null,
  returned: null,
  returned_block: null,
}
const ENDED = { until_slot: 150, ended_by: '0xa', ended_block: 70 }

const heard = (
  row: Partial<DelegationTable> | null,
  head: Partial<DelegationSight['head']>,
  isWatched = true,
) =>
  delegationSignals({
    row: row === null ? null : { ...ROW, ...row },
    head: { number: 90, slot: 120, final: 87, ...head },
    agreedUntilSlot: 200,
    isWatched,
    claimSlots: 30,
  }).map(({ event }) => event)

describe('what a home hears of its delegation', () => {
  it('hears nothing of a registration that a fork could take back', () => {
    expect(heard({}, { final: 49 })).toEqual([])
    expect(heard({}, { final: 50, slot: 99 })).toEqual([
      { type: 'REGISTERED', fromSlot: 100, untilSlot: 200 },
    ])
  })

  it('hears of its start with the first block of its first slot', () => {
    expect(heard({}, { slot: 100 })).toContainEqual({ type: 'STARTED' })
  })

  it('hears of its end when the last slot is over, watched, and the end is final', () => {
    const ended = { type: 'ENDED', untilSlot: 150 }
    expect(heard(ENDED, { slot: 150 })).toContainEqual(ended)
    expect(heard(ENDED, { slot: 149 })).not.toContainEqual(ended)
    expect(heard(ENDED, { slot: 150, final: 69 })).not.toContainEqual(ended)
    expect(heard(ENDED, { slot: 150 }, false)).not.toContainEqual(ended)
  })

  it('hears that it expired when nobody ended it, or when nothing was ever registered', () => {
    expect(heard({}, { slot: 200 })).toContainEqual({ type: 'EXPIRED' })
    expect(heard({}, { slot: 199 })).not.toContainEqual({ type: 'EXPIRED' })
    expect(heard(ENDED, { slot: 200 })).not.toContainEqual({ type: 'EXPIRED' })
    expect(heard(null, { slot: 199 })).toEqual([])
    expect(heard(null, { slot: 200 })).toEqual([{ type: 'EXPIRED' }])
  })

  it('hears that nobody claims the reward when the chain would return it, whatever its clock says', () => {
    const unclaimed = { type: 'TIME_OUT' }
    expect(heard(ENDED, { slot: 180 })).toContainEqual(unclaimed)
    expect(heard(ENDED, { slot: 179 })).not.toContainEqual(unclaimed)
    expect(heard({}, { slot: 230 })).toContainEqual(unclaimed)
    expect(heard({ ...ENDED, returned_block: 80 }, { slot: 180 })).not.toContainEqual(unclaimed)
  })

  it('hears of what was paid and returned once that is final', () => {
    const settled = { ...ENDED, claimed_block: 80, paid: '500', returned_block: 88 }
    const events = heard(settled, { slot: 160 })
    expect(events).toContainEqual({ type: 'CLAIMED', paidMicroSct: '500' })
    expect(events).not.toContainEqual({ type: 'RETURNED' })
    expect(heard(settled, { slot: 160, final: 88 })).toContainEqual({ type: 'RETURNED' })
  })
})
