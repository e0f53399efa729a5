import { describe, expect, it } from 'vitest'
import { Interface } from 'ethers'
import { assembleReport, type RunFigures } from '../../bin/start/assemble.ts'
import { DelegationScan, type HeardDelegation } from '../../bin/start/scan-delegations.ts'
import type { HomeTally } from '../../bin/host/configs.ts'
import { monitoringAbi } from '../../chain/bindings/monitoring.gen.ts'

const abi = new Interface(monitoringAbi)
const account = (digit: string): string => `0x${digit.repeat(40)}`
const AWAY = account('a')
const NEAR = account('b')
const COMMUNITY = account('c')
const ZERO = `0x${'00'.repeat(32)}`

/** Logs of a run as its chain has them: home A hands 20 slots over, of which 6 pass before the end. */
function scanned(logs: readonly (readonly [name: string, ...args: unknown[]])[]): readonly HeardDelegation[] {
  const scan = new DelegationScan()
  for (const [name, ...args] of logs) scan.hear(abi.encodeEventLog(name, args))
  return scan.heard()
}

const registered = ['DelegationRegistered', 7, AWAY, NEAR, 3, 100, 120, 2_000_000, ZERO] as const
const reading = (slot: number, delegation = 7) =>
  ['Reading', AWAY, slot, 1, 0, delegation, ZERO, '0x'] as const
const alarm = (number: number, delegation = 7) => ['Alarm', AWAY, number, 0, delegation, '0x'] as const

const RUN = [
  reading(99, 0),
  alarm(1, 0),
  registered,
  ...[100, 101, 102, 103, 104, 105].map((slot) => reading(slot)),
  alarm(2),
  alarm(3),
  ['OwnAlarm', AWAY, 1, 0, 7, '0x'],
  ['DelegationEnded', 7, AWAY, 106],
  reading(106, 0),
  ['RewardClaimed', 7, NEAR, 6, ZERO, 600_000],
] as const

describe('What the chain says of a delegation', () => {
  it('is its window, its readings, its alarms and what was paid', () => {
    expect(scanned(RUN)).toEqual([
      {
        ...{ id: 7, home: AWAY, delegatee: NEAR, fromSlot: 100, untilSlot: 106 },
        ...{ ended: true, rewardMicroSct: 2_000_000, watched: 6, paidMicroSct: 600_000 },
        ...{ slots: [100, 101, 102, 103, 104, 105], alarms: [2, 3], ownAlarms: 1 },
      },
    ])
  })

  it('is open while it is neither ended nor paid', () => {
    expect(scanned([registered])).toMatchObject([
      { ended: false, untilSlot: 120, watched: null, paidMicroSct: null, slots: [] },
    ])
  })
})

const tally = (of: string, changed: Partial<HomeTally> = {}): HomeTally => ({
  account: of,
  ...{ samples: 0, rejected: 0, sealed: 0, submitted: 0, final: 0, alarmsRead: 0, alarmsSent: 0 },
  ...{ slots: [], cared: [], alarms: [], openedBack: [], reorgs: 0, memoryMb: 1 },
  ...changed,
})

function figures(homes: readonly HomeTally[], headMs = 106_000): RunFigures {
  const decrypted = [99, 100, 101, 102, 103, 104, 105, 106].map((slot) => ({
    ...{ home: AWAY, slot, delegation: slot >= 100 && slot < 106 ? 7 : 0, acceptedAtMs: 1 },
  }))
  return {
    boards: 'profile',
    homes,
    community: { account: COMMUNITY, decrypted, faulty: 0, alarmsSent: 3, reorgs: 0, memoryMb: 1 },
    chain: {
      ...{ blocks: 9, included: 8, duplicates: 0, alarms: 4, gasTotal: 1, headMs },
      gasPerReading: { p50: 1, max: 1 },
      delegations: scanned(RUN).map((each) => ({ ...each, agreedSlots: 20 })),
    },
    network: { kind: 'embedded', chainId: 1, rpc: '', signers: [] },
    contracts: { monitoring: '', quota: '', token: null, trading: null },
    sampleMs: 1_000,
    market: {
      trades: {
        ...{ offered: 0, awarded: 0, failed: 0, failedBecause: {}, delivered: 0 },
        offerToSettledMs: { p50: null },
      },
      tokens: { supply: '0', balances: '0', escrow: '0' },
    },
    firstDecryptedMs: null,
    pages: [],
  }
}

const watched = [100, 101, 102, 103, 104].map((slot) => ({ delegation: 7, slot }))

describe('The readers of a report', () => {
  it('are counted each at its own place', () => {
    const near = tally(NEAR, {
      cared: [...watched, { delegation: 6, slot: 90 }],
      alarms: [
        { about: AWAY, number: 2 },
        { about: AWAY, number: 3 },
        { about: NEAR, number: 5 },
      ],
    })
    const away = tally(AWAY, { alarms: [{ about: AWAY, number: 1 }] })
    const report = assembleReport(figures([away, near]))
    expect(report.delegations).toEqual({ active: 0, ended: 1 })
    expect(report.readers).toMatchObject([
      {
        ...{ delegation: 7, home: AWAY, delegatee: NEAR, fromSlot: 100, untilSlot: 106, agreedSlots: 20 },
        ...{ slotsOnChain: 6, openedByDelegatee: 5, recoveredByCommunity: 6, openedByHome: 0 },
        alarms: { onChain: 3, readByDelegatee: 2, readByHome: 0 },
        ...{ watched: 6, paidMicroSct: 600_000, rewardMicroSct: 2_000_000 },
      },
    ])
    expect(report.homes.map(({ readers }) => readers)).toEqual([
      { [COMMUNITY]: 8, [NEAR]: 5 },
      { [COMMUNITY]: 0 },
    ])
  })

  it('tell of a home that still opens what it handed over, and of alarms that it still reads', () => {
    const away = tally(AWAY, {
      openedBack: [{ delegation: 7, slot: 101 }],
      alarms: [{ about: AWAY, number: 3 }],
    })
    expect(assembleReport(figures([away])).readers).toMatchObject([
      { openedByHome: 1, openedByDelegatee: 0, alarms: { readByDelegatee: 0, readByHome: 1 } },
    ])
  })

  it('count as over what nobody ended and what has expired', () => {
    const open = figures([])
    const [registeredOnly] = scanned([registered])
    if (registeredOnly === undefined) throw new Error('nothing was registered')
    const at = (headMs: number) =>
      assembleReport({
        ...open,
        chain: { ...open.chain, headMs, delegations: [{ ...registeredOnly, agreedSlots: 20 }] },
      }).delegations
    expect([at(119_999), at(120_000)]).toEqual([
      { active: 1, ended: 0 },
      { active: 0, ended: 1 },
    ])
  })
})
