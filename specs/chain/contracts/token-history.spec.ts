import fc from 'fast-check'
import { afterAll, expect, it } from 'vitest'
import { ANN, BOB, buy, C, call, CAROL, create, MANAGER, OWNER } from './token-setting.ts'
import { sell, tokenLab, type TokenCall } from './token-setting.ts'

/** Rewards on and a minimum balance, so that a history meets all that moves tokens and currency. */
const SIGNER = `0x${'51'.repeat(20)}`
const lab = tokenLab({ minBalance: 900n * C, blockReward: 3_000_000n, tokenStepPpm: 400_000n })
const HOLDERS = [ANN, BOB, CAROL]
const holderAt = (index: number): string => HOLDERS[index % HOLDERS.length] ?? ANN

/** What may happen next; a share is in thousandths of what there is. */
type Step =
  | { readonly kind: 'buy' | 'sell' | 'transfer'; readonly who: number; readonly share: number }
  | { readonly kind: 'price'; readonly microEuro: number; readonly spreadPpm: number }
  | { readonly kind: 'create'; readonly who: number; readonly tokens: number; readonly backedPercent: number }
  | { readonly kind: 'freeze'; readonly who: number; readonly on: boolean }
  | { readonly kind: 'pause'; readonly on: boolean }
  | { readonly kind: 'wait'; readonly seconds: number }
  | { readonly kind: 'fund'; readonly cents: number }

const who = fc.nat(2)
const share = fc.integer({ min: 0, max: 1100 })
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 5, arbitrary: fc.record({ kind: fc.constantFrom('buy', 'sell', 'transfer'), who, share }) },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('price'),
      microEuro: fc.oneof(fc.integer({ min: 1, max: 1_000_000 }), fc.integer({ min: 100_000, max: 200_000 })),
      spreadPpm: fc.nat(50_000),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('create'),
      who: fc.nat(3),
      tokens: fc.nat(50_000_000),
      backedPercent: fc.nat(200),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('freeze'), who, on: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('pause'), on: fc.nat(3).map((n) => n === 0) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('wait'), seconds: fc.nat(900) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('fund'), cents: fc.nat(500) }) },
)
const histories = fc.array(step, { minLength: 10, maxLength: 40 })

/** How often each kind was carried out and refused: a history that changes nothing would prove nothing. */
const outcomes = new Map<string, { done: number; refused: number }>()

async function callOf(next: Step): Promise<TokenCall | null> {
  switch (next.kind) {
    case 'buy':
      return buy(
        holderAt(next.who),
        ((await lab().currencyOf(holderAt(next.who))) * BigInt(next.share)) / 9000n,
      )
    case 'sell':
      return sell(
        holderAt(next.who),
        ((await lab().balanceOf(holderAt(next.who))) * BigInt(next.share)) / 1000n,
      )
    case 'transfer': {
      const from = holderAt(next.who)
      const tokens = ((await lab().balanceOf(from)) * BigInt(next.share)) / 1000n
      return call(from, 'transfer', holderAt(next.who + 1), tokens)
    }
    case 'price': {
      const follows = await lab().number('nextTokenPrice')
      const spread = (follows * BigInt(next.spreadPpm)) / 1_000_000n
      return call(MANAGER, 'setSCTPrice', follows + spread, follows - spread)
    }
    case 'create': {
      const to = next.who === 3 ? lab().token : holderAt(next.who)
      const worth = (BigInt(next.tokens) * (await lab().number('sellPrice'))) / 1_000_000n
      return create(to, BigInt(next.tokens), (worth * BigInt(next.backedPercent)) / 100n)
    }
    case 'freeze':
      return call(OWNER, 'freezeAccount', holderAt(next.who), next.on)
    case 'pause':
      return call(MANAGER, next.on ? 'pause' : 'unpause')
    case 'fund':
      return { ...call(BOB, 'fund'), value: (BigInt(next.cents) * C) / 100n }
    case 'wait':
      await lab().pass(next.seconds)
      return null
  }
}

/** Carries a step out, or meets its refusal; C that the contract should hold afterwards. */
async function take(next: Step, held: bigint): Promise<bigint> {
  if (next.kind === 'price') await postIfTime(next.microEuro)
  const each = await callOf(next)
  if (each === null) return held
  const seen = outcomes.get(next.kind) ?? { done: 0, refused: 0 }
  outcomes.set(next.kind, seen)
  if ((await lab().refusalOf(each)) !== null) {
    seen.refused += 1
    return held
  }
  seen.done += 1
  const told = await lab().do(each)
  const paid = told.filter(({ name }) => name === 'Sold' || name === 'Restocked')
  const out = paid.reduce((sum, { args }) => sum + BigInt(String(args['currencyAmount'])), 0n)
  return held + (each.value ?? 0n) - out
}

async function postIfTime(microEuro: number): Promise<void> {
  const posted = await lab().priceCall('energy', microEuro)
  if ((await lab().refusalOf(posted)) === null) await lab().do(posted)
}

async function checkWhole(held: bigint): Promise<void> {
  const accounts = [...HOLDERS, SIGNER, lab().token]
  const balances = await Promise.all(accounts.map((account) => lab().balanceOf(account)))
  const [has = 0n, needs = 1n] = (await lab().read('backing')).map((wei) => BigInt(String(wei)))
  expect(balances.reduce((sum, each) => sum + each)).toBe(await lab().number('totalSupply'))
  expect(has).toBe(held)
  expect(has).toBeGreaterThanOrEqual(needs)
}

async function throughHistory(history: readonly Step[], after: () => Promise<void>): Promise<void> {
  const snapshot = await lab().rpc('evm_snapshot')
  try {
    await lab().rpc('anvil_setCoinbase', [SIGNER])
    await lab().price(150_000)
    let held = 0n
    for (const next of history) {
      held = await take(next, held)
      await checkWhole(held)
    }
    await after()
  } finally {
    await lab().rpc('evm_revert', [snapshot])
  }
}

it('loses and makes no token and no currency, after any history', { timeout: 300_000 }, async () => {
  const nothingMore = () => Promise.resolve()
  await fc.assert(
    fc.asyncProperty(histories, (history) => throughHistory(history, nothingMore)),
    { numRuns: 15 },
  )
})

it('can buy all its tokens back, after any history', { timeout: 300_000 }, async () => {
  await fc.assert(
    fc.asyncProperty(histories, (history) => throughHistory(history, everybodySells)),
    { numRuns: 15 },
  )
})

async function everybodySells(): Promise<void> {
  const paused = (await lab().read('paused'))[0] === true
  if (paused) await lab().do(call(MANAGER, 'unpause'))
  for (const account of [...HOLDERS, SIGNER]) {
    await lab().do(call(OWNER, 'freezeAccount', account, false))
    const tokens = await lab().balanceOf(account)
    if (tokens > 0n) await lab().do(sell(account, tokens))
  }
  const rewards = await lab().balanceOf(SIGNER)
  expect(await lab().number('circulating')).toBe(rewards)
  const [has = 0n, needs = 1n] = (await lab().read('backing')).map((wei) => BigInt(String(wei)))
  expect(has).toBeGreaterThanOrEqual(needs)
}

afterAll(() => {
  for (const kind of ['buy', 'sell', 'transfer', 'price', 'create'] as const) {
    const { done = 0, refused = 0 } = outcomes.get(kind) ?? {}
    expect(done, `${kind} carried out`).toBeGreaterThan(5)
    expect(refused, `${kind} refused`).toBeGreaterThan(0)
  }
})
