import fc from 'fast-check'
import { expect, it } from 'vitest'
import { eventsOf, quota, type LabReceipt } from '../../../bench/contract-lab.ts'
import { excessAt, type ExcessEvent, type ExcessState } from '../../../protocols/rules/excess.ts'
import { metered, shown, used } from './metered.ts'
import { contractLab, HOME, HOMES, mineBlocks, STRANGER } from './setting.ts'

const SLOTS = 10
const WINDOW = 4
const ENERGY = 1
const lab = contractLab({ sampleMs: 60_000, slotsPerBilling: SLOTS, windowBlocks: WINDOW })

const STATUS: Readonly<Record<ExcessState, bigint>> = {
  asserted: 1n,
  demanded: 2n,
  forced: 2n,
  opened: 3n,
  final: 4n,
  withdrawn: 5n,
  void: 5n,
  unproved: 6n,
}

type Step = 'assert' | 'demand' | 'open' | 'withdraw' | 'finalise' | 'wait'

/** A home that used 900 Wh of 600 in a period that is closed. */
async function closedPeriod() {
  const period = Number((await lab().readMonitoring('currentPeriod'))[0])
  await lab().do(lab().quotaAsManager('setCommunityContract', period, 1200, 4600, 8000))
  const parts = [
    [600, 600],
    [2300, 2300],
    [4000, 4000],
  ]
  await lab().do(lab().quotaAsManager('allocate', 1, HOMES.slice(0, 2), ...parts))
  await lab().do(lab().quotaAsManager('closeAllocation', 1))
  const start = metered(period * SLOTS - 3, 1, { importWh: 10_000n, waterMl: 0n, peakW: 0n })
  const end = metered(period * SLOTS + 7, 2, { importWh: 10_900n, waterMl: 0n, peakW: 0n })
  const after = metered((period + 1) * SLOTS, 3, { importWh: 10_900n, waterMl: 0n, peakW: 0n })
  for (const { record } of [start, end, after]) await lab().do(lab().submitCall(HOME, [record]))
  return { period, start, end }
}

const number = (value: unknown): number => Number(value)

function toldIn(receipt: LabReceipt): ExcessEvent[] {
  return eventsOf(receipt, quota, lab().contracts.quota).map(({ name, args }): ExcessEvent => {
    const block = receipt.blockNumber
    const lastBlock = number(args['lastBlock'])
    const amount = number(args['excess'])
    if (name === 'ExcessAsserted') return { kind: 'asserted', block, amount, lastBlock }
    if (name === 'OpeningDemanded') return { kind: 'demanded', block, lastBlock }
    if (name === 'ExcessOpened') return { kind: 'opened', block, amount, value: number(args['value']) }
    return { kind: name === 'ExcessFinal' ? 'final' : 'void', block }
  })
}

it('stands as its events say at every block, whatever its parties do', { timeout: 120_000 }, async () => {
  const step = fc.constantFrom<Step>('assert', 'assert', 'demand', 'open', 'withdraw', 'finalise', 'wait')
  const property = fc.asyncProperty(fc.array(step, { minLength: 4, maxLength: 14 }), async (steps) => {
    const snapshot = await lab().rpc('evm_snapshot')
    const { period, start, end } = await closedPeriod()
    const about = [HOME, period, ENERGY]
    const calls = {
      assert: () => lab().quotaAsManager('assertExcess', ...about, 300),
      demand: () => lab().toQuota(HOME, 'demandOpening', ...about),
      open: () =>
        lab().quotaAsManager(
          'openExcess',
          ...about,
          period - 1,
          shown(start),
          shown(end),
          ...used(end, start, 0),
        ),
      withdraw: () => lab().quotaAsManager('withdrawExcess', ...about),
      finalise: () => lab().toQuota(STRANGER, 'finalise', ...about),
    }
    const events: ExcessEvent[] = []
    for (const each of steps) {
      if (each === 'wait') await mineBlocks(lab(), 2)
      else events.push(...toldIn(await lab().send(calls[each]())))
      const head = number(await lab().rpc('eth_blockNumber'))
      const excess = excessAt(events, head)
      const status = excess === null ? 0n : STATUS[excess.state]
      expect(await lab().readQuota('excessOf', ...about)).toEqual([BigInt(excess?.amount ?? 0), status])
    }
    await lab().rpc('evm_revert', [snapshot])
  })
  await fc.assert(property, { numRuns: 25 })
})
