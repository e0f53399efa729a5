/**
 * Every way in which an auction goes other than all had wished, played on the contracts. Two sellers bid 0.5
 * and 0.6 SCT for a lot with a bond of 4 SCT and a maximum price of 0.9 SCT; Carol and Dan take no part.
 */
import { anyRecord, homeAddress, type Call, type LabReceipt } from './contract-lab.ts'
import { token, type MarketLab, type Secret } from './market-lab.ts'

const home = (n: number): string => homeAddress(20 + n)
export const [BUYER, ANN, BOB, CAROL, DAN] = [home(1), home(2), home(3), home(4), home(5)]
export const HOMES = [BUYER, ANN, BOB, CAROL, DAN]
export const MAX_PRICE = 900_000n
export const LOT = { buyer: BUYER, amount: 2000, maxPrice: MAX_PRICE }
export const SETTINGS = { sampleMs: 2000, slotsPerBilling: 150, L: 100, windowBlocks: 10 }
const [ANNS, BOBS] = [500_000n, 600_000n]
const PHASE_S = 30
const DECISION_S = 150

/** The market of a scenario, and where to write down what it tells. */
export interface Stage {
  readonly market: MarketLab
  readonly told: LabReceipt[]
  /** Names of the errors met. */
  readonly errors: string[]
}

export interface Scenario {
  readonly title: string
  readonly strict?: true
  readonly play: (stage: Stage) => Promise<Secret>
}

async function act({ market, told }: Stage, call: Call): Promise<void> {
  told.push(await market.lab.do(call))
}

async function refuse({ market, errors }: Stage, call: Call): Promise<void> {
  const refusal = await market.lab.refusalOf(call)
  if (refusal === null) throw new Error(`${call.name} was not refused`)
  const ofToken = refusal.name.startsWith('0x') ? token.parseError(refusal.name)?.name : undefined
  errors.push(ofToken ?? refusal.name)
}

async function offered(
  { market }: Stage,
  bids: readonly (readonly [string, bigint])[],
  maxPrice = MAX_PRICE,
) {
  const secret = await market.offer({ ...LOT, maxPrice })
  for (const [seller, value] of bids) await market.bid(secret, seller, value)
  return secret
}

const BOTH = [
  [ANN, ANNS],
  [BOB, BOBS],
] as const

async function check(stage: Stage, { id }: Secret): Promise<void> {
  await act(stage, stage.market.to(DAN, 'checkWinner', id))
}

/** An auction that Ann wins; all have shown. */
async function sold(stage: Stage): Promise<Secret> {
  const secret = await offered(stage, BOTH)
  await stage.market.show(secret)
  await stage.market.revealAll(secret)
  await check(stage, secret)
  return secret
}

/** Ann meters the period of the lot. */
async function metered({ market }: Stage, secret: Secret): Promise<void> {
  const first = Number((await market.auctionOf(secret))['period']) * SETTINGS.slotsPerBilling
  await market.close(secret)
  for (const [index, slot] of [first - 1, first + 100, first + SETTINGS.slotsPerBilling].entries()) {
    await market.lab.do(market.lab.submitCall(ANN, [anyRecord(slot, index + 1)]))
  }
}

async function stated({ market }: Stage, { id }: Secret, excess: number): Promise<void> {
  await market.lab.do(market.to(market.lab.manager.address, 'assertDelivery', id, excess, 0))
}

const windowOver = ({ market }: Stage) =>
  market.lab.rpc('anvil_mine', [`0x${(SETTINGS.windowBlocks + 1).toString(16)}`])

async function silence({ market }: Stage, secret: Secret): Promise<void> {
  await market.passTo((await market.number('closesAt', secret.id)) + BigInt(DECISION_S))
}

const confirm = (stage: Stage, { id }: Secret, by = DAN) =>
  act(stage, stage.market.to(by, 'confirmResourceExchange', id))

const challenge = ({ market }: Stage, { id }: Secret, by: string) =>
  market.lab.do(market.to(by, 'challengeDelivery', id, 0))

/** Nobody shows what the maximum price was; the rest follows of itself. */
async function unshown(stage: Stage, secret: Secret): Promise<Secret> {
  await stage.market.pass(2 * PHASE_S + 10)
  await check(stage, secret)
  return secret
}

/** Bob is silent to the end of the reveals. */
async function bobSilent(stage: Stage, last: (secret: Secret) => Promise<void>): Promise<Secret> {
  const secret = await offered(stage, BOTH)
  await stage.market.show(secret)
  await stage.market.reveal(secret, ANN)
  await last(secret)
  await check(stage, secret)
  return secret
}

const reveals = (stage: Stage) => stage.market.pass(PHASE_S + 1)

const BEFORE_BIDS: readonly Scenario[] = [
  {
    title: 'nobody commits a bid',
    play: async (stage) => {
      const secret = await offered(stage, [])
      await stage.market.pass(PHASE_S + 1)
      await check(stage, secret)
      return secret
    },
  },
  {
    title: 'the buyer cancels while nobody has bid',
    play: async (stage) => {
      const secret = await offered(stage, [])
      await act(stage, stage.market.to(BUYER, 'cancel', secret.id))
      return secret
    },
  },
  {
    title: 'the buyer cancels after a bid: refused, the auction goes on',
    play: async (stage) => {
      const secret = await offered(stage, BOTH)
      await refuse(stage, stage.market.to(BUYER, 'cancel', secret.id))
      await stage.market.show(secret)
      await stage.market.revealAll(secret)
      await check(stage, secret)
      await confirm(stage, secret, BUYER)
      return secret
    },
  },
  {
    title: 'Bob bids too late: refused, Ann is alone',
    play: async (stage) => {
      const secret = await offered(stage, [[ANN, ANNS]])
      await stage.market.pass(PHASE_S + 1)
      await refuse(stage, stage.market.bidCall(secret, BOB, BOBS))
      secret.bids.delete(BOB)
      await stage.market.show(secret)
      await stage.market.revealAll(secret)
      await check(stage, secret)
      await confirm(stage, secret, BUYER)
      return secret
    },
  },
]

const MAXIMUM: readonly Scenario[] = [
  {
    title: 'the buyer does not show its maximum price',
    play: async (stage) => unshown(stage, await offered(stage, BOTH)),
  },
  {
    title: 'the buyer shows its maximum price too late',
    play: async (stage) => {
      const secret = await offered(stage, BOTH)
      await stage.market.passGap(secret)
      await stage.market.pass(PHASE_S)
      await refuse(stage, stage.market.showCall(secret))
      return unshown(stage, secret)
    },
  },
  {
    title: 'the buyer sealed a maximum price above its bond',
    play: async (stage) => {
      const secret = await offered(stage, BOTH, 4_000_001n)
      await stage.market.passGap(secret)
      await refuse(stage, stage.market.showCall(secret))
      return unshown(stage, secret)
    },
  },
]

const REVEALS: readonly Scenario[] = [
  {
    title: 'no valid bid: all are above the maximum price',
    play: async (stage) => {
      const secret = await offered(stage, [
        [ANN, MAX_PRICE + 1n],
        [BOB, MAX_PRICE + 2n],
      ])
      await stage.market.show(secret)
      await stage.market.revealAll(secret)
      await check(stage, secret)
      return secret
    },
  },
  {
    title: 'by the strict rule: the second lowest bid is above the maximum price',
    strict: true,
    play: async (stage) => {
      const secret = await offered(stage, [
        [ANN, ANNS],
        [BOB, MAX_PRICE + 1n],
      ])
      await stage.market.show(secret)
      await stage.market.revealAll(secret)
      await check(stage, secret)
      return secret
    },
  },
  {
    title: 'Bob does not reveal',
    play: async (stage) => {
      const secret = await bobSilent(stage, async () => reveals(stage))
      await confirm(stage, secret, BUYER)
      return secret
    },
  },
  {
    title: 'Bob reveals too late',
    play: async (stage) => {
      const secret = await bobSilent(stage, async (shown) => {
        await reveals(stage)
        await refuse(stage, stage.market.revealCall(shown, BOB))
      })
      await confirm(stage, secret, BUYER)
      return secret
    },
  },
  {
    title: 'Bob reveals another value than he sealed',
    play: async (stage) => {
      const secret = await bobSilent(stage, async ({ id }) => {
        await refuse(stage, stage.market.to(BOB, 'revealBid', id, 1n, stage.market.saltOf(id, BOB)))
        await reveals(stage)
      })
      await confirm(stage, secret, BUYER)
      return secret
    },
  },
  {
    title: 'nobody reveals',
    play: async (stage) => {
      const secret = await offered(stage, BOTH)
      await stage.market.show(secret)
      await reveals(stage)
      await check(stage, secret)
      return secret
    },
  },
  {
    title: 'nobody has it decided before the period is over',
    play: async (stage) => {
      const secret = await offered(stage, BOTH)
      await stage.market.show(secret)
      await stage.market.revealAll(secret)
      await stage.market.close(secret)
      await check(stage, secret)
      return secret
    },
  },
]

/** A sale whose period Ann metered, judged in some way. */
const judged =
  (judge: (stage: Stage, secret: Secret) => Promise<unknown>, meters = true) =>
  async (stage: Stage): Promise<Secret> => {
    const secret = await sold(stage)
    if (meters) await metered(stage, secret)
    await judge(stage, secret)
    await confirm(stage, secret)
    return secret
  }

const excess = (wh: number) =>
  judged(async (stage, secret) => {
    await stated(stage, secret, wh)
    await windowOver(stage)
  })

const DELIVERY: readonly Scenario[] = [
  { title: 'all goes well', play: excess(0) },
  { title: 'Ann delivers three quarters (500 of 2,000 Wh above her quota)', play: excess(500) },
  { title: 'Ann delivers nothing', play: excess(2000) },
  {
    title: 'the buyer never confirms, the manager says nothing, Ann metered the period',
    play: judged(silence),
  },
  {
    title: 'the manager says nothing, and Ann did not meter the period',
    play: judged(silence, false),
  },
  {
    title: 'the buyer demands the opening of Ann’s use, and nobody opens it',
    play: judged(async (stage, secret) => {
      await challenge(stage, secret, BUYER)
      await windowOver(stage)
    }),
  },
  {
    title: 'Ann demands the opening of what is stated against her, and nobody opens it',
    play: judged(async (stage, secret) => {
      await stated(stage, secret, 2000)
      await challenge(stage, secret, ANN)
      await windowOver(stage)
      await silence(stage, secret)
    }),
  },
  {
    title: 'somebody else than the buyer confirms before delivery is decided: refused, the buyer does',
    play: async (stage) => {
      const secret = await sold(stage)
      await refuse(stage, stage.market.to(ANN, 'confirmResourceExchange', secret.id))
      await confirm(stage, secret, BUYER)
      return secret
    },
  },
  {
    title: 'Ann’s account is frozen in the middle: she alone cannot withdraw until it is thawed',
    play: async (stage) => {
      const secret = await sold(stage)
      const { market } = stage
      await market.lab.do(market.toToken(market.lab.manager.address, 'freezeAccount', ANN, true))
      await confirm(stage, secret, BUYER)
      await refuse(stage, market.to(ANN, 'withdraw', 1n))
      return secret
    },
  },
]

export const SCENARIOS: readonly Scenario[] = [...BEFORE_BIDS, ...MAXIMUM, ...REVEALS, ...DELIVERY]
