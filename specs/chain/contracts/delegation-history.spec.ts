import { MaxUint256 } from 'ethers'
import fc from 'fast-check'
import { afterAll, expect, it } from 'vitest'
import { z } from 'zod'
import type { Call } from '../../../bench/contract-lab.ts'
import { DelegationModel } from './delegation-model.ts'
import { AWAY, delegationLab, FUNDS, NEAR, NEXT } from './delegations.ts'
import { passSlots } from './setting.ts'

const desk = delegationLab()
const lab = () => desk().lab
const HOMES = [AWAY, NEAR, NEXT]
const homeAt = (index: number): string => HOMES[index % HOMES.length] ?? AWAY

/** What may happen next; slots are relative to the current one. */
type Step =
  | {
      readonly kind: 'register'
      readonly who: number
      readonly by: number
      readonly id: number
      readonly from: number
      readonly length: number
      readonly reward: number
    }
  | { readonly kind: 'end' | 'return'; readonly who: number; readonly id: number }
  | { readonly kind: 'claim'; readonly who: number; readonly id: number; readonly count: number }
  | { readonly kind: 'wait'; readonly slots: number }

const who = fc.nat(2)
const id = fc.integer({ min: 1, max: 4 })
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('register'),
      ...{ who, by: who, id },
      from: fc.integer({ min: -2, max: 8 }),
      length: fc.integer({ min: 1, max: 25 }),
      reward: fc.nat(60_000_000),
    }),
  },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('end'), who, id }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('return'), who, id }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('claim'), who, id, count: fc.nat(15) }) },
  {
    weight: 3,
    arbitrary: fc.record({ kind: fc.constant('wait'), slots: fc.oneof(fc.nat(12), fc.constant(310_000)) }),
  },
)
const histories = fc.array(step, { minLength: 20, maxLength: 40 })

/** How often each kind was carried out and refused: a history that changes nothing would prove nothing. */
const outcomes = new Map<string, { done: number; refused: number }>()

const timeSchema = z.object({ timestamp: z.string().transform(Number) })

/** The call, and whether the model lets it be carried out, in the block that is mined next. */
async function proposed(model: DelegationModel, next: Exclude<Step, { kind: 'wait' }>) {
  const { timestamp } = timeSchema.parse(await lab().rpc('eth_getBlockByNumber', ['latest', false]))
  await lab().rpc('evm_setNextBlockTimestamp', [timestamp + 2])
  const nowMs = (timestamp + 2) * 1000
  const current = Math.floor(nowMs / lab().contracts.sampleMs)
  const caller = homeAt(next.who)
  switch (next.kind) {
    case 'register': {
      const fromSlot = current + next.from
      const reward = BigInt(next.reward)
      const window = { id: next.id, fromSlot, untilSlot: fromSlot + next.length }
      const parties = { delegator: caller, delegatee: homeAt(next.by) }
      const terms = await desk().terms(caller, parties.delegatee, { ...window, rewardMicroSct: reward })
      const call = await desk().registerCall(terms)
      return { call, allowed: model.register({ ...window, ...parties, reward }, current) }
    }
    case 'end':
      return { call: desk().endCall(caller, next.id), allowed: model.end(next.id, caller, current) }
    case 'claim': {
      const call = desk().claimCall(caller, next.count, next.id)
      return { call, allowed: model.claim(next.id, caller, next.count, current) }
    }
    case 'return':
      return { call: desk().returnCall(caller, next.id), allowed: model.giveBack(next.id, nowMs) }
  }
}

async function sameOutcome(kind: string, call: Call, allowed: boolean): Promise<void> {
  const { status } = await lab().send(call)
  const seen = outcomes.get(kind) ?? { done: 0, refused: 0 }
  outcomes.set(kind, seen)
  if (allowed) seen.done += 1
  else seen.refused += 1
  expect(status, `${kind}: ${(await lab().refusalOf(call))?.name ?? 'carried out'}`).toBe(allowed ? 1 : 0)
}

async function throughHistory(
  history: readonly Step[],
  check: (model: DelegationModel) => Promise<void>,
): Promise<void> {
  const snapshot = await lab().rpc('evm_snapshot')
  try {
    // What comes back to a home can be escrowed again, so the sum of all rewards has no limit.
    for (const home of HOMES) {
      await lab().do(desk().toToken(home, 'approve', lab().contracts.monitoring, MaxUint256))
    }
    const model = new DelegationModel(lab().contracts.sampleMs, HOMES, FUNDS)
    for (const next of history) {
      if (next.kind === 'wait') await passSlots(lab(), next.slots + 1)
      else {
        const { call, allowed } = await proposed(model, next)
        await sameOutcome(next.kind, call, allowed)
      }
      await check(model)
    }
  } finally {
    await lab().rpc('evm_revert', [snapshot])
  }
}

async function sameRecipients(model: DelegationModel): Promise<void> {
  const current = await lab().currentSlot()
  for (const home of HOMES) {
    const newest = model.newest(home)
    const edges =
      newest === undefined ? [] : [newest.fromSlot - 1, newest.fromSlot, newest.until - 1, newest.until]
    for (const slot of [current, current + 1, ...edges]) {
      const expected = model.at(home, slot)
      const key = expected === 0 ? lab().recipient : await desk().keyIdOf(expected)
      expect(await desk().recipientOf(home, slot)).toEqual([key, BigInt(expected)])
    }
  }
}

async function sameMoney(model: DelegationModel): Promise<void> {
  expect(await desk().balanceOf(lab().contracts.monitoring)).toBe(model.escrow)
  for (const home of HOMES) expect(await desk().balanceOf(home)).toBe(model.balances.get(home))
}

it('expects the recipient that its model expects, after any history', { timeout: 300_000 }, async () => {
  await fc.assert(
    fc.asyncProperty(histories, (history) => throughHistory(history, sameRecipients)),
    { numRuns: 6, endOnFailure: true },
  )
})

it('holds exactly the rewards not paid out yet, after any history', { timeout: 300_000 }, async () => {
  await fc.assert(
    fc.asyncProperty(histories, (history) => throughHistory(history, sameMoney)),
    { numRuns: 12, endOnFailure: true },
  )
})

afterAll(() => {
  for (const kind of ['register', 'end', 'claim', 'return'] as const) {
    const { done = 0, refused = 0 } = outcomes.get(kind) ?? {}
    expect(done, `${kind} carried out`).toBeGreaterThan(0)
    expect(refused, `${kind} refused`).toBeGreaterThan(0)
  }
})
