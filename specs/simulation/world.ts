import type { BlockRef } from '../../chain/proxy/block.ts'
import type { Inspector } from '../../actors/inspection/inspector.ts'
import type { Allowance, Contribution } from '../../protocols/rules/divide.ts'
import { digestOf } from './chain/call-bytes.ts'
import { type SimulatedBlock, SimulatedChain } from './chain/chain.ts'
import { Pool } from './chain/pool.ts'
import { NodeAccess } from './chain/access.ts'
import { Chance } from './chance.ts'
import type { ContractName } from './contracts/call.ts'
import { Contracts } from './contracts/contracts.ts'
import { MONITORING_AT } from './contracts/delegation.ts'
import { TOKEN_AT } from './contracts/token.ts'
import { TRADING_AT } from './contracts/auction.ts'
import { shownBy } from './crypto.ts'
import { checkFork } from './each-hour.ts'
import { Faults } from './faults.ts'
import { CommunityGateway } from './gateways/community.ts'
import type { Gateway } from './gateways/gateway.ts'
import { HomeGateway } from './gateways/home.ts'
import { Household } from './household.ts'
import { Ledger } from './ledger.ts'
import { MONEY, type SimulationOptions, TIMES } from './options.ts'
import { Secrets } from './secrets.ts'
import { SimulatedTime } from './time.ts'
import { Transport } from './transport.ts'
import { Watch } from './watch.ts'

/** Gas of a block for the homes of one street: larger communities need larger blocks. */
const GAS_PER_STREET = 8_000_000
/** Homes that trade with each other. */
const HOMES_OF_STREET = 20
const BASE_FEE_WEI = 1_000_000n
/** Blocks after the last call, so that it is confirmed; then the chain is quiet until something is due. */
const TAIL_BLOCKS = 2
/** Blocks in which who lost a call must have noticed it: two more than make a block final. */
const STIRRED_BLOCKS = 8
/** A quiet chain makes a block so seldom; more often while an auction runs by its time. */
const QUIET_S = 900
const QUIET_AUCTION_S = 60
const ANNOUNCE_MS = 60
/** So long after a fork every gateway that follows has seen it, and no next block is there. */
const FORK_SEEN_MS = 1_000
const ANNOUNCED_TOGETHER = 5
/** Of a street's homes every fourth runs a node of its own; the others share one. */
const OWN_NODE_EVERY = 4
const QUOTA_AT = '0x00000000000000000000000000000000000000c2'
const ADDRESSES: Readonly<Record<ContractName, string>> = {
  monitoring: MONITORING_AT,
  quota: QUOTA_AT,
  token: TOKEN_AT,
  trading: TRADING_AT,
}

const accountOf = (name: string): string => `0x${digestOf('account', name).slice(2, 42)}`
const sealOf =
  (kind: string) =>
  (id: string, who: string, value: bigint, salt: string): string =>
    digestOf(kind, id, who, String(value), salt)

/** Everything there is in a simulation. */
export class World {
  readonly options: SimulationOptions
  readonly times = TIMES
  readonly money = MONEY
  readonly time: SimulatedTime
  readonly chance: Chance
  readonly chain: SimulatedChain
  readonly pool: Pool
  readonly faults: Faults
  readonly watch: Watch
  readonly transport: Transport
  readonly community: CommunityGateway
  readonly homes: readonly HomeGateway[]
  readonly contributions: readonly Contribution[]
  readonly communityContract: Allowance
  readonly firstPeriod: number
  /** What no word may contain. */
  readonly secrets = new Secrets()
  /** Who is told what the machines of a gateway do. */
  inspectorOf: (account: string) => Inspector | undefined = () => undefined
  readonly #gateways: ReadonlyMap<string, Gateway>
  readonly #streets = new Map<string, number>()
  readonly #sharedNodes = new Map<number, NodeAccess>()
  readonly #accesses: readonly NodeAccess[]
  readonly #gasLimit: number
  #tail = 0
  #blockOrder: number | null = null
  #blockAtMs = Infinity
  #forks = 0
  digest = digestOf('simulation')

  constructor(options: SimulationOptions) {
    this.options = options
    this.chance = new Chance(options.seed)
    const { startMs, sampleMs, slotsPerBilling, blockSeconds } = TIMES
    this.time = new SimulatedTime(startMs - 3_600_000)
    this.firstPeriod = startMs / sampleMs / slotsPerBilling
    const communityAccount = accountOf('community')
    this.secrets.add(`${communityAccount}:0`)
    this.#gasLimit = GAS_PER_STREET * Math.ceil(options.homes / HOMES_OF_STREET)
    const ledger = new Ledger()
    this.chain = new SimulatedChain(
      {
        chainId: 1337,
        blockSeconds,
        gasLimit: this.#gasLimit,
        streetOf: (account) => this.streetOf(account),
      },
      ledger,
      contractsOf(ledger, communityAccount),
    )
    this.pool = new Pool(this.chain)
    this.watch = new Watch(this)
    this.faults = new Faults(this, this.chance.of('faults'))
    this.transport = new Transport(this)
    this.community = new CommunityGateway(
      this,
      'community',
      communityAccount,
      new NodeAccess(this, 'community', false),
    )
    this.homes = Array.from({ length: options.homes }, (_, index) => {
      const household = new Household(index, startMs, this.chance.of(`household ${index}`))
      const account = accountOf(`home ${index}`)
      this.secrets.add(`auxiliary ${account}`, `${account}:0`)
      this.#streets.set(account, Math.floor(index / HOMES_OF_STREET))
      return new HomeGateway(this, index, account, this.#accessOf(index), household)
    })
    this.#gateways = new Map([this.community, ...this.homes].map((each) => [each.account, each]))
    this.#accesses = [...new Set([...this.gateways()].map(({ access }) => access))]
    this.contributions = this.homes.map(({ account, household, index }) => {
      return { account, weight: Math.round(household.meanW * (70 + ((index * 37) % 70))) }
    })
    this.communityContract = contractFor(this.homes)
    this.#found(communityAccount)
    this.pool.onOffered = (transaction) => {
      this.watch.offered(transaction)
      this.#wantBlock()
    }
  }

  gatewayOf(account: string): Gateway | undefined {
    return this.#gateways.get(account)
  }

  homeOf(account: string): HomeGateway | undefined {
    const found = this.#gateways.get(account)
    return found instanceof HomeGateway ? found : undefined
  }

  streetOf(account: string): number {
    return this.#streets.get(account) ?? -1
  }

  gateways(): Iterable<Gateway> {
    return this.#gateways.values()
  }

  addressOf(contract: ContractName): string {
    return ADDRESSES[contract]
  }

  /** A block so deep that no fork of the simulation reaches it. */
  isFinal({ number, hash }: BlockRef): boolean {
    const depth = this.chain.head.header.number - number + 1
    return depth >= this.times.finalBlocks && this.chain.blockAt(number)?.header.hash === hash
  }

  /** After its last day a community trades no more. */
  isTradingTime(): boolean {
    return this.time.nowMs() < this.times.startMs + this.options.days * 86_400_000 - 4 * 3_600_000
  }

  // ---- Lives

  async start(): Promise<void> {
    for (const gateway of this.#gateways.values()) this.#begin(gateway)
    this.#wantBlock()
    await this.time.passUntil(this.time.nowMs())
  }

  restarted(gateway: Gateway): void {
    this.faults.disturb(gateway)
  }

  died(gateway: Gateway): void {
    gateway.store.forget()
    gateway.heard.ledger.backTo(0)
    void gateway.feed.stop()
    this.time.after(this.chance.whole(2_000, 120_000), () => {
      if (gateway.life.dead) this.#begin(gateway)
    })
  }

  killFor(gateway: Gateway, forMs: number): void {
    const { life } = gateway
    life.onDeath = () => {
      gateway.store.forget()
      gateway.heard.ledger.backTo(0)
      void gateway.feed.stop()
      this.time.after(forMs, () => {
        if (gateway.life.dead) this.#begin(gateway)
      })
    }
    gateway.kill()
  }

  #begin(gateway: Gateway): void {
    gateway.start().catch((thrown: unknown) => this.watch.fault(gateway, thrown, 'its start'))
  }

  // ---- Blocks

  /** Blocks of the newest heights are replaced by others, of the same calls or fewer. */
  fork(depth: number, drops: boolean): void {
    const { chain, pool, watch } = this
    const taken = chain.takeBack(Math.min(depth, chain.blocks.length - 2))
    for (const block of [...taken].reverse()) watch.undone(block)
    const transactions = taken.flatMap(({ endings }) => endings.map(({ transaction }) => transaction))
    this.#forks += 1
    pool.clean()
    pool.restore(drops ? transactions.filter(() => !this.chance.hits(300_000)) : transactions)
    for (const { header } of taken) this.#seal(header.timestamp, this.chance.hits(500_000))
    this.#tail = TAIL_BLOCKS
    this.#wantBlock()
    this.time.after(FORK_SEEN_MS, () => checkFork(this))
  }

  /** Blocks come for a while as if somebody had called. */
  stir(blocks = STIRRED_BLOCKS): void {
    this.#tail = Math.max(this.#tail, blocks)
    this.#wantBlock()
  }

  #wantBlock(): void {
    const stepMs = this.times.blockSeconds * 1000
    const nextMs = (Math.floor(this.time.nowMs() / stepMs) + 1) * stepMs
    this.#blockNotAfter(nextMs)
  }

  #blockNotAfter(atMs: number): void {
    if (atMs >= this.#blockAtMs) return
    if (this.#blockOrder !== null) this.time.forget(this.#blockOrder)
    this.#blockAtMs = atMs
    this.#blockOrder = this.time.at(atMs, () => this.#blockIsDue())
  }

  #blockIsDue(): void {
    this.#blockOrder = null
    this.#blockAtMs = Infinity
    const nowS = Math.floor(this.time.nowMs() / 1000)
    const { endings } = this.#seal(nowS, false)
    this.#tail = endings.length > 0 ? Math.max(TAIL_BLOCKS, this.#tail - 1) : this.#tail - 1
    if (this.#tail > 0 || this.pool.size > 0) this.#wantBlock()
    else this.#blockNotAfter((nowS + (this.#auctionsRun() ? QUIET_AUCTION_S : QUIET_S)) * 1000)
  }

  #seal(timestamp: number, empty: boolean) {
    const { chain, pool, watch } = this
    const wanted = empty ? [] : pool.next(this.#gasLimit)
    const block = chain.seal(timestamp, wanted, String(this.#forks))
    pool.clean()
    watch.block(block)
    this.digest = digestOf(this.digest, block.header.hash, factsOf(block))
    this.#announce()
    return block
  }

  #announce(): void {
    for (let group = 0; group < ANNOUNCED_TOGETHER; group += 1) {
      this.time.after(ANNOUNCE_MS * (group + 1), () => {
        for (let i = group; i < this.#accesses.length; i += ANNOUNCED_TOGETHER) this.#accesses[i]?.poke()
      })
    }
  }

  /** How a home reaches the chain. */
  #accessOf(index: number): NodeAccess {
    if (index % OWN_NODE_EVERY === 0) return new NodeAccess(this, `home ${index}`, false)
    const street = Math.floor(index / HOMES_OF_STREET)
    const known = this.#sharedNodes.get(street) ?? new NodeAccess(this, `street ${street}`, true)
    this.#sharedNodes.set(street, known)
    return known
  }

  #auctionsRun(): boolean {
    return this.homes.some(({ market }) => market.isNegotiating())
  }

  /** Before the first block: what everybody has. */
  #found(communityAccount: string): void {
    const { token } = this.chain.contracts
    token.endow(TOKEN_AT, 1_000_000_000_000n, 2_000_000_000_000_000_000_000_000n)
    token.endow(communityAccount, 0n, MONEY.coinsWei)
    for (const { account } of this.homes) token.endow(account, MONEY.balanceMicroSct, MONEY.coinsWei)
    this.chain.baseFeeWei = BASE_FEE_WEI
    this.chain.ledger.taken()
    const first = this.chain.seal(Math.floor(this.time.nowMs() / 1000), [], 'first')
    this.watch.block(first)
  }
}

/** All that a block told, in one text; bytes are in the calls, which the block's hash stands for. */
const factsOf = ({ facts }: SimulatedBlock): string =>
  facts.map(({ told, sender }) => `${sender} ${Object.values(told).map(spelled).join()}`).join(';')

function spelled(value: unknown): string {
  if (typeof value === 'string') return value
  if (value instanceof Uint8Array) return String(value.length)
  if (Array.isArray(value)) return value.map(spelled).join()
  return typeof value === 'object' && value !== null
    ? Object.values(value).map(spelled).join()
    : String(value)
}

function contractsOf(ledger: Ledger, manager: string): Contracts {
  const { sampleMs, slotsPerBilling, blockSeconds, windowBlocks } = TIMES
  const { buyWei, sellWei, minBalanceWei, securityBps, decisionSeconds } = MONEY
  return new Contracts(ledger, {
    monitoring: { sampleMs, slotsPerBilling, manager, shown: shownBy },
    trading: {
      blockSeconds,
      securityBps,
      decisionSeconds,
      bidSeal: sealOf('bid'),
      maxPriceSeal: sealOf('maximum price'),
    },
    windowBlocks,
    price: { buyWei, sellWei, minBalanceWei },
    addresses: { monitoring: MONITORING_AT, token: TOKEN_AT, trading: TRADING_AT },
  })
}

/** A little more than the homes use on a mean day; some will lack what others spare. */
function contractFor(homes: readonly HomeGateway[]): Allowance {
  const sum = (of: (home: HomeGateway) => number): number =>
    homes.reduce((total, home) => total + of(home), 0)
  return {
    energyWh: Math.round(sum(({ household }) => household.meanW) * 24 * 1.12),
    powerW: homes.length * 5_750,
    waterMl: Math.round(sum(({ household }) => household.meanMlPerHour) * 24 * 0.55),
  }
}
