import { hexlify, Interface, keccak256, toUtf8Bytes } from 'ethers'
import { z } from 'zod'
import {
  anyRecord,
  type Call,
  eventsOf,
  homeAddress,
  type LabReceipt,
  monitoring,
  quota,
} from '../../bench/contract-lab.ts'
import { type MarketLab, SCT, token, trading } from '../../bench/market-lab.ts'
import { bidSeal, maxPriceSeal } from '../../protocols/crypto/auction-seal.ts'
import { packRecords } from '../../protocols/messages/record.ts'
import { getBytes } from 'ethers'
import type { Chance } from './chance.ts'
import { type ContractCall, type ContractName, Refused, type Told } from './contracts/call.ts'
import { Contracts } from './contracts/contracts.ts'
import { auctionIdOf } from './contracts/auction.ts'
import { Ledger } from './ledger.ts'

/** What came of a call: the events of all contracts, or the name of the error. */
export interface Came {
  readonly refused: string | null
  readonly told: readonly {
    readonly contract: ContractName
    readonly name: string
    readonly args: Readonly<Record<string, unknown>>
  }[]
}

export interface Made {
  readonly from: string
  readonly call: ContractCall
}

const blockSchema = z.object({
  timestamp: z.string().transform(Number),
  number: z.string().transform(Number),
})
const ERRORS = new Interface(
  [...trading.fragments, ...quota.fragments, ...token.fragments, ...monitoring.fragments]
    .filter((each) => each.type === 'error')
    .filter((each, index, all) => all.findIndex((other) => other.format() === each.format()) === index),
)

/** The simulated contracts and the real ones side by side: the same calls, at the same heights and times. */
export class TwoChains {
  readonly #market: MarketLab
  readonly #ledger = new Ledger()
  readonly model: Contracts
  readonly manager: string

  constructor(market: MarketLab, windowBlocks: number) {
    const { contracts, manager } = market.lab
    const { sampleMs, slotsPerBilling, auctions } = contracts
    this.#market = market
    this.manager = manager.address.toLowerCase()
    const seal =
      (of: typeof bidSeal) => (auctionId: string, account: string, valueMicroSct: bigint, salt: string) =>
        of(market.domain, { auctionId, account, valueMicroSct, salt: getBytes(salt) })
    this.model = new Contracts(this.#ledger, {
      monitoring: { sampleMs, slotsPerBilling, manager: this.manager, shown: () => [] },
      trading: { ...auctions, bidSeal: seal(bidSeal), maxPriceSeal: seal(maxPriceSeal) },
      windowBlocks,
      price: { buyWei: 1n, sellWei: 1n, minBalanceWei: 0n },
      addresses: {
        monitoring: contracts.monitoring.toLowerCase(),
        token: contracts.token.toLowerCase(),
        trading: contracts.trading.toLowerCase(),
      },
    })
  }

  get tradingAt(): string {
    return this.#market.lab.contracts.trading.toLowerCase()
  }

  /** Brings the model to where the laboratory begins: homes with keys, quotas and credit. */
  async begin(homes: readonly string[], part: number, credit: bigint): Promise<void> {
    const { lab } = this.#market
    const period = await this.#market.period()
    const sum = part * homes.length
    const parts = homes.map(() => part)
    const { manager } = this
    const whole = { energyWh: sum, powerW: sum, waterMl: sum }
    const each = { energyWh: parts, powerW: parts, waterMl: parts }
    const at = await this.#now()
    const by = (from: string, call: ContractCall): void => void this.#tryModel({ from, call }, at)
    by(manager, {
      contract: 'monitoring',
      name: 'announceKeys',
      epoch: 1,
      keyId: lab.recipient.toLowerCase(),
    })
    for (const [resource, price] of [
      [1, 2_000_000],
      [3, 40_000_000],
    ] as const) {
      by(manager, { contract: 'trading', name: 'setCeiling', resource, price })
    }
    for (const home of homes) {
      by(manager, { contract: 'monitoring', name: 'admit', home })
      by(home, { contract: 'monitoring', name: 'publishKey', epoch: 1, delegation: 0, keyId: home })
    }
    by(manager, { contract: 'quota', name: 'setCommunityContract', fromPeriod: period, ...whole })
    by(manager, { contract: 'quota', name: 'allocate', revision: 1, homes, ...each })
    by(manager, { contract: 'quota', name: 'closeAllocation', revision: 1 })
    for (const home of homes) {
      this.model.token.endow(home, credit, 0n)
      by(home, {
        contract: 'token',
        name: 'approve',
        spender: lab.contracts.trading.toLowerCase(),
        amount: String(credit),
      })
      by(home, { contract: 'trading', name: 'deposit', amount: String(credit) })
    }
  }

  /** Does a call on both. */
  async do(made: Made): Promise<{ real: Came; model: Came }> {
    const real = realCall(this.#market, made)
    const receipt = await this.#market.lab.send(real)
    const at = await this.#at(receipt.blockNumber)
    const came =
      receipt.status === 1
        ? { refused: null, told: this.#events(receipt) }
        : { refused: await this.#refusal(real), told: [] }
    return { real: came, model: this.#tryModel(made, at) }
  }

  async slot(): Promise<number> {
    return this.#market.lab.currentSlot()
  }

  async period(): Promise<number> {
    return this.#market.period()
  }

  async pass(seconds: number, blocks: number): Promise<void> {
    if (blocks > 0) await this.#market.lab.rpc('anvil_mine', [`0x${blocks.toString(16)}`])
    await this.#market.pass(seconds)
  }

  /** What both hold at the end. */
  async balances(homes: readonly string[]): Promise<{ real: string[]; model: string[] }> {
    const real: string[] = []
    const model: string[] = []
    for (const home of homes) {
      real.push(`${await this.#market.creditOf(home)} ${await this.#market.balanceOf(home)}`)
      model.push(`${this.model.trading.creditOf(home)} ${this.model.token.balanceOf(home)}`)
    }
    return { real, model }
  }

  #tryModel({ from, call }: Made, { timestamp: timeS, number: height }: z.output<typeof blockSchema>): Came {
    const told: { contract: ContractName; name: string; args: Told }[] = []
    const mark = this.#ledger.mark()
    const tell = (contract: ContractName, args: Told): void =>
      void told.push({ contract, name: args.name, args })
    try {
      this.model.do({ sender: from, valueWei: 0n, height, timeS, tell }, call)
      return { refused: null, told }
    } catch (thrown) {
      if (!(thrown instanceof Refused)) throw thrown
      this.#ledger.backTo(mark)
      return { refused: thrown.error, told: [] }
    }
  }

  #events(receipt: LabReceipt): Came['told'] {
    const { contracts } = this.#market.lab
    const of = (contract: ContractName, face: Interface) =>
      eventsOf(receipt, face, contracts[contract]).map((event) => ({ contract, ...event }))
    return [
      ...of('monitoring', monitoring),
      ...of('quota', quota),
      ...of('token', token),
      ...of('trading', trading),
    ]
  }

  async #refusal(call: Call): Promise<string> {
    const refused = await this.#market.lab.refusalOf({ ...call, contract: facing(call.contract) })
    return refused?.name ?? 'passed a moment later'
  }

  async #at(number: number) {
    return blockSchema.parse(
      await this.#market.lab.rpc('eth_getBlockByNumber', [`0x${number.toString(16)}`, false]),
    )
  }

  async #now() {
    return blockSchema.parse(await this.#market.lab.rpc('eth_getBlockByNumber', ['latest', false]))
  }
}

/** The contract's functions with the errors of all: one passes on what another refuses. */
const facing = (contract: Interface): Interface =>
  new Interface([...contract.fragments.filter((each) => each.type === 'function'), ...ERRORS.fragments])

function realCall({ lab }: MarketLab, { from, call }: Made): Call {
  const at = (contract: Interface, to: string, ...args: readonly unknown[]): Call => {
    return { from, to, contract, name: call.name, args }
  }
  const { contracts } = lab
  switch (call.name) {
    case 'submit':
      return at(monitoring, contracts.monitoring, call.recipient, call.records)
    case 'transfer':
      return at(token, contracts.token, call.to, call.amount)
    case 'approve':
      return at(token, contracts.token, call.spender, call.amount)
    case 'deposit':
    case 'withdraw':
      return at(trading, contracts.trading, call.amount)
    case 'offer': {
      const { resource, period, amount, commitSeconds, showSeconds, revealSeconds } = call.terms
      const terms = [resource, period, 0, 0, amount, commitSeconds, showSeconds, revealSeconds]
      return at(trading, contracts.trading, call.number, terms, call.seal)
    }
    case 'receiveBid':
      return at(trading, contracts.trading, call.id, call.seal)
    case 'depositMaxPrice':
      return at(trading, contracts.trading, call.id, call.maxPrice, call.salt)
    case 'revealBid':
      return at(trading, contracts.trading, call.id, call.value, call.salt)
    case 'refundSucceed':
    case 'refundFail':
      return at(trading, contracts.trading, call.id, call.account)
    case 'assertDelivery':
      return at(trading, contracts.trading, call.id, call.excess, 0)
    case 'challengeDelivery':
      return at(trading, contracts.trading, call.id, 0)
    case 'cancel':
    case 'checkWinner':
    case 'confirmResourceExchange':
    case 'claimForfeit':
      return at(trading, contracts.trading, call.id)
    default:
      throw new Error(`${call.name} is not drawn`)
  }
}

interface Secret {
  readonly id: string
  readonly buyer: string
  readonly maxPrice: string
  readonly bids: Map<string, string>
}

const saltOf = (id: string, account: string): string => keccak256(toUtf8Bytes(`${id} ${account}`))

/** Draws calls: most are what gateways make, some are what nobody should. */
export class Drawing {
  readonly #chance: Chance
  readonly #chains: TwoChains
  readonly #homes: readonly string[]
  readonly #recipient: string
  readonly #secrets: Secret[] = []
  readonly #sequences = new Map<string, number>()
  readonly #slots = new Map<string, number>()

  constructor(chance: Chance, chains: TwoChains, homes: readonly string[], recipient: string) {
    this.#chance = chance
    this.#chains = chains
    this.#homes = homes
    this.#recipient = recipient.toLowerCase()
  }

  async next(): Promise<Made> {
    const drawn = this.#chance.whole(0, 99)
    const from = this.#chance.hits(30_000) ? homeAddress(99) : this.#chance.pick(this.#homes)
    if (drawn < 22) return this.#submit(from)
    if (drawn < 30) return this.#money(from)
    if (drawn < 42 || this.#secrets.length === 0) return this.#offer(from)
    return this.#auctionCall(from, drawn)
  }

  async #submit(from: string): Promise<Made> {
    const now = await this.#chains.slot()
    const last = this.#slots.get(from) ?? now - 2
    const slot = this.#chance.hits(150_000) ? this.#chance.whole(last - 1, now + 90) : Math.max(last + 1, now)
    const sequence = (this.#sequences.get(from) ?? 0) + (this.#chance.hits(100_000) ? 0 : 1)
    this.#sequences.set(from, sequence)
    this.#slots.set(from, Math.max(last, Math.min(slot, now + 1)))
    const recipient = this.#chance.hits(60_000) ? from : this.#recipient
    const records = packRecords([anyRecord(slot, sequence)])
    return { from, call: { contract: 'monitoring', name: 'submit', recipient, records } }
  }

  #money(from: string): Made {
    const amount = String(
      BigInt(this.#chance.whole(1, 40)) * SCT * (this.#chance.hits(150_000) ? 1_000n : 1n),
    )
    const [name, other] = [this.#chance.whole(0, 3), this.#chance.pick(this.#homes)]
    if (name === 0) return { from, call: { contract: 'trading', name: 'withdraw', amount } }
    if (name === 1) return { from, call: { contract: 'trading', name: 'deposit', amount } }
    if (name === 2) return { from, call: { contract: 'token', name: 'transfer', to: other, amount } }
    const spender = this.#chance.hits(100_000) ? other : this.#chains.tradingAt
    return { from, call: { contract: 'token', name: 'approve', spender, amount } }
  }

  async #offer(from: string): Promise<Made> {
    const number = this.#chains.model.trading.offersOf(from) + (this.#chance.hits(60_000) ? 2 : 1)
    const id = auctionIdOf(from, number)
    const amount = this.#chance.hits(50_000) ? 0 : this.#chance.whole(1, 4_000)
    const maxPrice = String(this.#chance.whole(1, 2 * Math.max(1, amount)) * 1_000)
    const phase = (): number => (this.#chance.hits(40_000) ? 3 : this.#chance.whole(10, 30))
    const period =
      (await this.#chains.period()) + (this.#chance.hits(200_000) ? this.#chance.whole(-1, 2) : 0)
    const resource = this.#chance.hits(700_000) ? 1 : 3
    const terms = {
      resource,
      period,
      amount,
      commitSeconds: phase(),
      showSeconds: phase(),
      revealSeconds: phase(),
    }
    const salt = saltOf(id, from)
    const seal = this.#chains.model.trading.settings.maxPriceSeal(id, from, BigInt(maxPrice), salt)
    this.#secrets.push({ id, buyer: from, maxPrice, bids: new Map() })
    return { from, call: { contract: 'trading', name: 'offer', number, terms, seal } }
  }

  #auctionCall(from: string, drawn: number): Made {
    const secret =
      this.#secrets[this.#chance.whole(Math.max(0, this.#secrets.length - 6), this.#secrets.length - 1)]
    if (secret === undefined) throw new Error('there is no auction')
    const { id, buyer, bids } = secret
    const someone = this.#chance.hits(80_000) ? from : buyer
    if (drawn < 58) {
      const value = bids.get(from) ?? String(this.#chance.whole(1, 4_000) * 1_000)
      bids.set(from, value)
      const seal = this.#chains.model.trading.settings.bidSeal(id, from, BigInt(value), saltOf(id, from))
      return { from, call: { contract: 'trading', name: 'receiveBid', id, seal } }
    }
    if (drawn < 61) return { from: someone, call: { contract: 'trading', name: 'cancel', id } }
    if (drawn < 70) {
      const salt = saltOf(id, this.#chance.hits(60_000) ? from : buyer)
      const call = {
        contract: 'trading',
        name: 'depositMaxPrice',
        id,
        maxPrice: secret.maxPrice,
        salt,
      } as const
      return { from: someone, call }
    }
    if (drawn < 80) {
      const seller = this.#chance.hits(100_000) ? from : this.#chance.pick([...bids.keys(), from])
      const value = bids.get(seller) ?? '1'
      return {
        from: seller,
        call: { contract: 'trading', name: 'revealBid', id, value, salt: saltOf(id, seller) },
      }
    }
    return this.#endCall(from, secret, drawn)
  }

  #endCall(from: string, { id, buyer, bids }: Secret, drawn: number): Made {
    if (drawn < 86) return { from, call: { contract: 'trading', name: 'checkWinner', id } }
    const account = this.#chance.pick([buyer, ...bids.keys(), from])
    if (drawn < 92) {
      const state = this.#chains.model.trading.auction(id)?.state
      const name = state === 'failed' && !this.#chance.hits(50_000) ? 'refundFail' : 'refundSucceed'
      return { from, call: { contract: 'trading', name, id, account } }
    }
    if (drawn < 94) {
      const by = this.#chance.hits(200_000) ? from : this.#chains.manager
      return {
        from: by,
        call: { contract: 'trading', name: 'assertDelivery', id, excess: this.#chance.whole(0, 900) },
      }
    }
    if (drawn < 96) return { from: account, call: { contract: 'trading', name: 'challengeDelivery', id } }
    if (drawn < 98)
      return { from: account, call: { contract: 'trading', name: 'confirmResourceExchange', id } }
    return { from, call: { contract: 'trading', name: 'claimForfeit', id } }
  }
}

/** A value of an event as both chains write it; words are numbers. */
export function plainValue(value: unknown): string {
  if (value instanceof Uint8Array) return hexlify(value)
  const text = String(value).toLowerCase()
  return /^0x[0-9a-f]{64}$/.test(text) ? String(BigInt(text)) : text
}
