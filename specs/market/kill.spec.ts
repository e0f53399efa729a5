import fc from 'fast-check'
import { Interface } from 'ethers'
import { afterAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { determinationMachine } from '../../actors/auction/determination/machine.ts'
import { negotiationMachine } from '../../actors/auction/negotiation/machine.ts'
import { paymentMachine } from '../../actors/auction/payment/machine.ts'
import { monitoringAbi } from '../../chain/bindings/monitoring.gen.ts'
import { tokenAbi } from '../../chain/bindings/token.gen.ts'
import { tradingAbi } from '../../chain/bindings/trading.gen.ts'
import { leafStates } from '../machines/coverage.ts'
import { count } from '../machines/inspection.mjs'
import { RemoteHome, type Death } from './remote-home.ts'
import { storyOf, tradingLab, type TradingLab } from './trading-lab.ts'

/*
 * A home is killed in every state of its trade, at a moment that chance chooses, again and again in one
 * trade; it comes to the end of the run that nobody disturbed, with the same calls and the same money.
 * METERHOOD_CRASHES=all tries every state at every moment.
 */

const faces = [new Interface(tradingAbi), new Interface(tokenAbi), new Interface(monitoringAbi)]
const HOOKS = ['after persist', 'before send', 'after send', 'after receipt'] as const
const ALL = process.env['METERHOOD_CRASHES'] === 'all'
const SEED = Number(process.env['METERHOOD_SEED'] ?? Date.now() % 1_000_000)
const WINDOW_BLOCKS = 10
const TRIES_MOST = 4

/** What a state waits for. */
const CALL_OF_STATE: Readonly<Record<string, string>> = {
  'determination.requesting.offering': 'offer',
  'negotiation.buying.showing': 'depositMaxPrice',
  'negotiation.buying.settling': 'checkWinner',
  'negotiation.buying.cancelling': 'cancel',
  'negotiation.selling.bidding': 'receiveBid',
  'negotiation.selling.revealing': 'revealBid',
  'negotiation.selling.settling': 'checkWinner',
  'payment.refunding': 'refund',
  'payment.judging.challenging': 'challengeDelivery',
  'payment.closing': 'confirmResourceExchange',
}

/** A trade that a home goes through, with the states in which it is killed. */
interface Course {
  readonly role: 'buyer' | 'seller'
  readonly states: readonly string[]
  /** What the home thinks, and whether what it sealed is damaged. */
  readonly bid?: bigint
  readonly asks?: boolean
  readonly fair?: boolean
  readonly damaged?: boolean
  readonly amount?: number
  readonly period?: 'past'
  /** What the neighbours bid. */
  readonly bids?: readonly bigint[]
  /** What happens around it, from the order to the end. */
  run(lab: TradingLab, home: RemoteHome): Promise<void>
}

const stage = (lab: TradingLab, home: RemoteHome, wanted: string) =>
  lab.until(() => home.stages.length > 0 && home.stages.every((each) => each === wanted))
const over = (lab: TradingLab, home: RemoteHome) => stage(lab, home, 'over')
/** The neighbours, too: a buyer that is left with an open offer has its bond in it for ever. */
const overForAll = async (lab: TradingLab, home: RemoteHome): Promise<void> => {
  await over(lab, home)
  await lab.untilAll('over')
}
const stateIs = (lab: TradingLab, home: RemoteHome, state: string) => lab.until(() => home.state === state)

async function sold(lab: TradingLab, home: RemoteHome): Promise<string> {
  await stage(lab, home, 'payment')
  await stateIs(lab, home, 'payment.delivering')
  const [other] = lab.homes
  const { auction } = (await other?.trade()) ?? {}
  await lab.until(() => lab.homes.every((each) => /delivering|closed/.test(storyOf(each).at(-1) ?? '')))
  await lab.closePeriod()
  return auction ?? ''
}

const COURSES: Readonly<Record<string, Course>> = {
  'a buyer whose lot is delivered': {
    role: 'buyer',
    bids: [500_000n, 700_000n],
    states: [
      'determination.requesting.offering',
      'determination.offered',
      'negotiation.buying.collecting',
      'negotiation.buying.waiting',
      'negotiation.buying.showing',
      'negotiation.buying.revealing',
      'negotiation.buying.settling',
      'negotiation.awarded',
      'payment.refunding',
      'payment.delivering',
      'payment.judging.awaitingWord',
      'payment.judging.awaitingWindow',
      'payment.paid',
    ],
    run: async (lab, home) => {
      await lab.state(await sold(lab, home), 0)
      await lab.live(WINDOW_BLOCKS)
      await over(lab, home)
    },
  },
  'a buyer that has the opening forced, and closes the trade itself': {
    role: 'buyer',
    bids: [500_000n],
    fair: false,
    states: ['payment.judging.challenging', 'payment.judging.awaitingOpening', 'payment.closing'],
    run: async (lab, home) => {
      const auction = await sold(lab, home)
      await lab.closeHomes(lab.homes)
      await lab.state(auction, 0)
      await lab.live(WINDOW_BLOCKS + 3)
      await over(lab, home)
    },
  },
  'a buyer that nobody answers': {
    role: 'buyer',
    bids: [],
    states: ['negotiation.buying.cancelling', 'negotiation.failed', 'payment.closed'],
    run: over,
  },
  'a buyer that cannot show what it sealed': {
    role: 'buyer',
    bids: [500_000n],
    damaged: true,
    states: ['negotiation.buying.withholding', 'negotiation.buying.settling', 'payment.refunding'],
    run: over,
  },
  'a buyer whose offer is refused': {
    role: 'buyer',
    period: 'past',
    bids: [],
    states: ['determination.refused'],
    run: over,
  },
  'a seller that delivers': {
    role: 'seller',
    bid: 500_000n,
    states: [
      'determination.considering.judging',
      'determination.interested',
      'negotiation.selling.bidding',
      'negotiation.selling.sealed',
      'negotiation.selling.revealing',
      'negotiation.selling.revealed',
      'negotiation.awarded',
      'payment.refunding',
      'payment.delivering',
      'payment.judging.awaitingWord',
      'payment.judging.awaitingWindow',
      'payment.closing',
      'payment.paid',
    ],
    run: async (lab, home) => {
      await lab.state(await sold(lab, home), 500)
      await lab.live(WINDOW_BLOCKS)
      await over(lab, home)
    },
  },
  'a seller that has the opening forced': {
    role: 'seller',
    bid: 500_000n,
    fair: false,
    states: ['payment.judging.challenging', 'payment.judging.awaitingOpening'],
    run: async (lab, home) => {
      await lab.state(await sold(lab, home), 500)
      await lab.live(WINDOW_BLOCKS + 3)
      await lab.passSilence()
      await over(lab, home)
    },
  },
  'a seller that loses': {
    role: 'seller',
    bid: 700_000n,
    bids: [500_000n],
    states: ['negotiation.lost', 'payment.refunding', 'payment.closed'],
    run: over,
  },
  'a seller whose buyer is away': {
    role: 'seller',
    bid: 500_000n,
    states: ['negotiation.selling.settling', 'negotiation.failed', 'payment.refunding'],
    run: async (lab, home) => {
      await stateIs(lab, home, 'negotiation.selling.sealed')
      await lab.closeHomes(lab.homes)
      await over(lab, home)
    },
  },
  'a seller whose people decline': {
    role: 'seller',
    asks: true,
    states: ['determination.considering.asking', 'determination.declined'],
    run: async (lab, home) => {
      await stage(lab, home, 'determination')
      await home.decline()
      await overForAll(lab, home)
    },
  },
  'a seller whose bid is refused': {
    role: 'seller',
    bid: 500_000n,
    amount: 12_000,
    states: ['negotiation.out'],
    run: overForAll,
  },
}

const blockSchema = z.object({
  transactions: z.array(z.object({ from: z.string(), input: z.string(), hash: z.string() })),
})
const receiptSchema = z.object({ status: z.string() })

/** What an account did on the chain since the homes opened: how often each call, and with what success. */
async function deeds(lab: TradingLab, account: string): Promise<Record<string, number>> {
  const counted: Record<string, number> = {}
  for (let number = lab.fromBlock; number <= (await lab.head()); number += 1) {
    const asked = await lab.market.lab.rpc('eth_getBlockByNumber', [`0x${number.toString(16)}`, true])
    for (const { from, input, hash } of blockSchema.parse(asked).transactions) {
      if (from.toLowerCase() !== account) continue
      const { status } = receiptSchema.parse(await lab.market.lab.rpc('eth_getTransactionReceipt', [hash]))
      const name = faces.map((face) => face.getFunction(input.slice(0, 10))?.name).find(Boolean)
      const deed = `${name ?? input.slice(0, 10)} ${status === '0x1' ? 'done' : 'refused'}`
      counted[deed] = (counted[deed] ?? 0) + 1
    }
  }
  return counted
}

/** A course from its order to its end, killed as it is told. */
async function lived(lab: TradingLab, course: Course, deaths: readonly Death[]) {
  await lab.beginPeriod()
  await lab.emptyCredits()
  const before = await lab.worths()
  const order = await lab.order(course.amount === undefined ? {} : { amount: course.amount })
  const wanted = course.period === 'past' ? { ...order, period: order.period - 1 } : order
  const { bid = null, asks = false, fair = true, damaged = false } = course
  const own = { bid, asks, fair, damaged, deaths }
  const home = new RemoteHome(lab, 0, { ...own, order: course.role === 'buyer' ? wanted : null })
  if (course.role === 'seller') await (await lab.openHome(1)).desk.buy(wanted)
  for (const [index, value] of (course.bids ?? []).entries()) await lab.openSeller(2 + index, value)
  lab.others.push(home)
  await course.run(lab, home)
  const end = { gains: await lab.gains(before), deeds: await deeds(lab, home.account), faults: home.faults }
  await lab.closeHomes()
  return { end, died: home.died }
}

const hooksOf = (state: string): readonly Death['hook'][] =>
  state in CALL_OF_STATE ? HOOKS : ['after persist']

function countCell(kind: 'cell' | 'crash', state: string, hook: Death['hook']): void {
  const [machine = '', ...leaf] = state.split('.')
  count(kind, machine, `${leaf.join('.')} ${hook}`)
}

/** A way to die in every state, by chance, or the `round`-th of all ways. */
function deathsOf(states: readonly string[], seed: number, round: number | null): Death[] {
  const chances = fc.sample(fc.nat(), { numRuns: states.length, seed })
  return states.map((state, index) => {
    const hooks = hooksOf(state)
    const at = round ?? chances[index] ?? 0
    return { state, hook: hooks[at % hooks.length] ?? 'after persist', kind: CALL_OF_STATE[state] ?? null }
  })
}

describe(`a home killed by SIGKILL in every state (seed ${SEED})`, () => {
  const lab = tradingLab(4)
  const killedIn = new Set<string>()
  const rounds = ALL ? HOOKS.map((_, round) => round) : [null]

  it.each(Object.entries(COURSES))(
    '%s: comes to the same end, and does nothing twice',
    { timeout: 300_000 * rounds.length },
    async (_name, course) => {
      const undisturbed = await lived(lab(), course, [])
      for (const round of rounds) {
        let left = deathsOf(course.states, SEED, round)
        // One death may step over the next state, which is then tried by itself.
        for (let tries = 0; tries < TRIES_MOST && left.length > 0; tries += 1) {
          const killed = await lived(lab(), course, left)
          expect(killed.end).toEqual(undisturbed.end)
          for (const { state, hook } of killed.died) {
            killedIn.add(state)
            countCell('crash', state, hook)
          }
          left = left.filter((death) => !killed.died.includes(death))
        }
        expect(left).toEqual([])
      }
    },
  )

  afterAll(() => {
    const machines = {
      determination: determinationMachine,
      negotiation: negotiationMachine,
      payment: paymentMachine,
    }
    for (const state of new Set(Object.values(COURSES).flatMap(({ states }) => states)))
      for (const hook of hooksOf(state)) countCell('cell', state, hook)
    const all = Object.entries(machines).flatMap(([name, machine]) =>
      leafStates(machine).map((leaf) => `${name}.${leaf}`),
    )
    // A machine is never stored in the state that only chooses the role.
    const never = all.filter((state) => !killedIn.has(state) && !state.endsWith('.opening'))
    expect(never).toEqual([])
  })
})
