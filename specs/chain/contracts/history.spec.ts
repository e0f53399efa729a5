import fc from 'fast-check'
import { expect, it } from 'vitest'
import { anyRecord, ContractLab, homeAddress, LAB_SETTINGS } from '../../../bench/contract-lab.ts'
import type { ChainRecord } from '../../../protocols/messages/record.ts'
import { HomeModel } from './monitoring-model.ts'
import { contractLab, HOME, OTHER_HOME } from './setting.ts'

const lab = contractLab()

const step = fc.record({
  home: fc.constantFrom(HOME, OTHER_HOME),
  moves: fc.array(
    fc.record({ slots: fc.integer({ min: -1, max: 14 }), sequence: fc.integer({ min: 0, max: 3 }) }),
    {
      minLength: 1,
      maxLength: 6,
    },
  ),
})

it('behaves as its model does for every L, whatever is sent', { timeout: 120_000 }, async () => {
  for (const L of [1, 2, 5]) {
    const ring = await ContractLab.deploy(lab().chain, { ...LAB_SETTINGS, L, slotsPerBilling: 10 })
    const property = fc.asyncProperty(fc.array(step, { minLength: 3, maxLength: 12 }), (steps) =>
      followsModel(ring, L, steps),
    )
    await fc.assert(property, { numRuns: 5 })
  }
})

let founded = 0
/** Two new homes for each run, so that no run meets the history of another. */
async function followsModel(
  ring: ContractLab,
  L: number,
  steps: { home: string; moves: { slots: number; sequence: number }[] }[],
): Promise<void> {
  founded += 2
  const names = new Map([HOME, OTHER_HOME].map((home, index) => [home, homeAddress(1000 + founded + index)]))
  if ((await ring.readMonitoring('currentEpoch'))[0] === 0n) await ring.found([])
  const start = (await ring.currentSlot()) - 500
  const models = new Map<string, HomeModel>()
  for (const home of names.values()) {
    await ring.do(ring.asManager('admit', home, `0x${'11'.repeat(32)}`))
    await ring.do(ring.toMonitoring(home, 'publishKey', ...(await ring.keyOf(home))))
    models.set(home, new HomeModel(home, 10))
  }
  for (const { home, moves } of steps) {
    const name = names.get(home) ?? home
    const model = models.get(name)
    if (model !== undefined) await oneCall(ring, name, model, recordsOf(model, start, moves))
  }
  for (const [home, model] of models) await sameAsModel(ring, L, home, model)
}

function recordsOf(
  model: HomeModel,
  start: number,
  moves: { slots: number; sequence: number }[],
): ChainRecord[] {
  let { slot, sequence } = model.records.at(-1) ?? { slot: start, sequence: 10 }
  return moves.map((move) => {
    slot += move.slots
    sequence += move.sequence
    return anyRecord(slot, sequence)
  })
}

async function oneCall(
  ring: ContractLab,
  home: string,
  model: HomeModel,
  records: ChainRecord[],
): Promise<void> {
  const call = ring.submitCall(home, records)
  const expected = model.refusal(records, Number.MAX_SAFE_INTEGER)
  const receipt = await ring.send(call)
  expect(receipt.status).toBe(expected === null ? 1 : 0)
  if (expected === null) model.accept(records)
  else expect((await ring.refusalOf(call))?.name).toBe(expected)
}

async function sameAsModel(ring: ContractLab, L: number, home: string, model: HomeModel): Promise<void> {
  expect(await ring.readMonitoring('count', home)).toEqual([BigInt(model.records.length)])
  for (const [index, record] of model.records.slice(-L).reverse().entries()) {
    expect(await ring.readMonitoring('at', home, index)).toEqual([record.digest])
    const number = model.records.length - 1 - index
    expect(await ring.readMonitoring('recordAt', home, number)).toEqual([record.digest])
  }
  for (const [period, { digest, slot, nextPeriod }] of model.anchors) {
    const kept = await ring.readMonitoring('anchor', home, period)
    expect(kept).toEqual([digest, BigInt(slot), BigInt(nextPeriod)])
  }
}
