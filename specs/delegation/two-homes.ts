import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { hexlify, Interface } from 'ethers'
import { z } from 'zod'
import type { OfferedTerms } from '../../actors/delegation/machine.ts'
import { systemRandom } from '../../bin/clock.ts'
import { monitoringAbi } from '../../chain/bindings/monitoring.gen.ts'
import { tokenAbi } from '../../chain/bindings/token.gen.ts'
import { deskReply, deskRequest } from '../../protocols/messages/delegation-desk.ts'
import { packRecords } from '../../protocols/messages/record.ts'
import { Fault } from '../../protocols/rules/fault.ts'
import { bundleChild } from './child-bundle.ts'
import type { Death, PersonWish } from './home-wire.ts'
import { RemoteWatch } from './remote-watch.ts'
import { accountOf, AWAY, NEAR, WatchedCommunity } from './watched-community.ts'

type Bundle = Awaited<ReturnType<typeof bundleChild>>

const SCT = 1_000_000n
/** What the home that is away has at the start. */
const TOKENS = 1_000n * SCT
const RICH_WEI = '0x3635c9adc5dea00000'
const SAMPLE_S = 60
const LOOKS_MOST = 100
/** Fewer than a slot has: what is done in a slot is done in it however often somebody dies. */
const BLOCKS_MOST = 50
/** What does not come at once is waited for longer: a gateway starts, or a word is said again. */
const LOOKS_MS = [15, 15, 150, 600] as const
const LOOKS_EACH = 12
/** Slots of a delegation, unless said otherwise. */
export const WINDOW_SLOTS = 12
const FIRST_SLOT_IN = 2

const faces = [new Interface(monitoringAbi), new Interface(tokenAbi)]
const blockSchema = z.object({
  transactions: z.array(z.object({ from: z.string(), input: z.string(), hash: z.string() })),
})
const receiptSchema = z.object({ status: z.string() })

type Condition = () => boolean | Promise<boolean>

export interface CoursePlan {
  readonly deaths?: { readonly away?: readonly Death[]; readonly near?: readonly Death[] }
  /** How far the clock of the neighbour is before that of the home that is away. */
  readonly apartMs?: number
}

/** A home that is away and its neighbour, in processes of their own, on one chain that goes on when told. */
export class TwoHomes {
  readonly community: WatchedCommunity
  readonly away: RemoteWatch
  readonly near: RemoteWatch
  /** No word gets from one home to the other. */
  cut = false
  /** Words that met the cut. */
  lost = 0
  /** A home that is switched off. */
  asleep: RemoteWatch | null = null
  /** The first slot of the course. */
  slot = 0
  #fromBlock = 0
  readonly #bundle: string
  #alarms = 0
  readonly #keys = new Map<number, Uint8Array>()

  private constructor(community: WatchedCommunity, child: Bundle) {
    this.#bundle = child.folder
    const { lab } = community
    this.community = community
    const home = (who: typeof AWAY, name: string, other: () => RemoteWatch): RemoteWatch =>
      new RemoteWatch({
        program: child.file,
        privateKey: who.privateKey,
        settings: {
          rpc: lab.chain.rpc,
          contracts: lab.contracts,
          file: join(community.folder, `${name}.sqlite`),
          fromBlock: lab.contracts.deployedAtBlock,
        },
        give: (what, body) => this.#give(who, other(), what, body),
      })
    this.away = home(AWAY, 'away', () => this.near)
    this.near = home(NEAR, 'near', () => this.away)
  }

  static async open(): Promise<TwoHomes> {
    const community = await WatchedCommunity.open()
    const { lab, homes } = community
    const fund = homes.toToken(lab.manager.address, 'createToken', TOKENS, AWAY.address)
    await lab.do(fund)
    for (const { address } of [AWAY, NEAR]) await lab.rpc('anvil_setBalance', [address, RICH_WEI])
    await lab.rpc('anvil_setBlockTimestampInterval', [1])
    await community.caughtUp()
    return new TwoHomes(community, await bundleChild())
  }

  async close(): Promise<void> {
    await Promise.all([this.away.stop(), this.near.stop()])
    await this.community.close()
    rmSync(this.#bundle, { recursive: true, force: true })
  }

  get homes(): readonly RemoteWatch[] {
    return [this.away, this.near]
  }

  // ---- What the homes need of each other and of the community

  async #give(who: typeof AWAY, other: RemoteWatch, what: string, body: string): Promise<string> {
    if (what === 'word') return this.#pass(other, body)
    if (what === 'key') return this.#key(who, Number(body))
    const request = deskRequest.decode(new TextEncoder().encode(body))
    const reply = await this.community.desk.answer(request, accountOf(who))
    return new TextDecoder().decode(deskReply.encode(reply))
  }

  async #pass(other: RemoteWatch, text: string): Promise<string> {
    if (this.cut) {
      this.lost += 1
      throw new Fault('dial-failed', 'the line is cut', { remote: false })
    }
    await other.ask({ do: 'hear', text })
    return ''
  }

  async #key(who: typeof AWAY, delegation: number): Promise<string> {
    const { reply, pair } = await this.community.issue(accountOf(who), delegation)
    const { key33, signature, proof } = reply
    this.#keys.set(delegation, key33)
    const [key, signed, proven] = [key33, signature, proof].map((bytes) => hexlify(bytes))
    return JSON.stringify({ epoch: 0, key, signature: signed, proof: proven, secret: String(pair.secret) })
  }

  // ---- Time

  async settled(): Promise<void> {
    await this.asleep?.stop()
    const awake = this.homes.filter((home) => home !== this.asleep)
    await Promise.all(awake.map((home) => home.ask({ do: 'settle' })))
  }

  /** Goes on to the beginning of a slot. */
  async reach(slot: number): Promise<void> {
    await this.community.reach(slot)
    await this.settled()
  }

  /** Waits until it is so, while no block comes. */
  async spoken(isSo: Condition): Promise<void> {
    await this.#look(isSo, LOOKS_MOST, async () => undefined)
  }

  /** Blocks go by until it is so. */
  async mined(isSo: Condition): Promise<void> {
    await this.#look(isSo, BLOCKS_MOST, () => this.mine())
  }

  async mine(): Promise<void> {
    await this.community.lab.rpc('evm_mine')
    await this.community.caughtUp()
  }

  async #look(isSo: Condition, most: number, between: () => Promise<void>): Promise<void> {
    for (let looks = 0; looks < most; looks += 1) {
      await this.settled()
      if (await isSo()) return
      await between()
      const pauseMs = LOOKS_MS[Math.min(LOOKS_MS.length - 1, Math.floor(looks / LOOKS_EACH))]
      await new Promise((resolve) => setTimeout(resolve, pauseMs))
    }
    throw new Error(`not so: ${JSON.stringify(this.homes.map(({ states }) => states))}`)
  }

  /** The gateways are switched off and on: what they wait for by the clock is looked at again. */
  async restart(): Promise<void> {
    await Promise.all(this.homes.map((home) => home.stop()))
    await this.settled()
  }

  // ---- What happens

  /** A course begins with a slot of its own. */
  async begin({ deaths = {}, apartMs = 0 }: CoursePlan): Promise<void> {
    this.cut = false
    this.lost = 0
    const { lab } = this.community
    await this.#forbid()
    this.slot = (await lab.currentSlot()) + 1
    await this.community.reach(this.slot)
    this.#fromBlock = (await this.#head()) + 1
    const negotiation = hexlify(systemRandom(16)).slice(2)
    const { away = [], near = [] } = deaths
    await this.away.plan({ negotiation, deaths: [...away], skewMs: 0 })
    await this.near.plan({ negotiation, deaths: [...near], skewMs: apartMs })
  }

  /** The contract may draw nothing of what the course before let it. */
  async #forbid(): Promise<void> {
    const { monitoring, token } = this.community.lab.contracts
    const data = faces[1]?.encodeFunctionData('approve', [monitoring, 0n]) ?? ''
    await this.away.plan({ negotiation: '', deaths: [], skewMs: 0 })
    await this.away.ask({ do: 'call', id: `forbidden:${hexlify(systemRandom(8))}`, to: token, data })
    await this.settled()
    await this.mine()
    await this.settled()
  }

  terms(change: Partial<OfferedTerms> = {}): OfferedTerms {
    const fromSlot = this.slot + FIRST_SLOT_IN
    return {
      functions: ['readings', 'alarms'],
      fromSlot,
      untilSlot: fromSlot + WINDOW_SLOTS,
      rewardMicroSct: String(SCT),
      text: 'look after the house',
      ...change,
    }
  }

  get answerByMs(): number {
    return (this.slot + FIRST_SLOT_IN) * SAMPLE_S * 1_000
  }

  async propose(change: Partial<OfferedTerms> = {}): Promise<void> {
    const terms = { ...this.terms(change) }
    const functions = [...terms.functions]
    const { answerByMs } = this
    const peer = accountOf(NEAR)
    await this.away.ask({ do: 'propose', peer, terms: { ...terms, functions }, answerByMs })
  }

  /** The people of a home want something, once it has come to a state. */
  async person(home: RemoteWatch, state: string, event: PersonWish): Promise<void> {
    await this.spoken(() => home.isIn(state))
    await home.ask({ do: 'person', in: state, event })
  }

  async offer(home: RemoteWatch, state: string, reward: bigint): Promise<void> {
    const terms = this.terms({ rewardMicroSct: String(reward) })
    const { answerByMs } = this
    const functions = [...terms.functions]
    await this.person(home, state, { type: 'PERSON_OFFERS', terms: { ...terms, functions }, answerByMs })
  }

  /** The meters of the home that is away are read. */
  async reading(slot: number, peakW: number): Promise<void> {
    const [delegation, key] = [...this.#keys].at(-1) ?? [0, new Uint8Array()]
    const { record, recipient } = this.community.seal(slot, { delegation, key, peakW })
    const data = faces[0]?.encodeFunctionData('submit', [recipient, packRecords([record])]) ?? ''
    const to = this.community.lab.contracts.monitoring
    await this.away.ask({ do: 'call', id: `reading:${delegation}:${slot}`, to, data })
  }

  async alarm(): Promise<void> {
    this.#alarms += 1
    await this.near.ask({ do: 'alarm', number: this.#alarms, about: accountOf(AWAY) })
  }

  /** The manager freezes the tokens of both, or lets them go again. */
  async freeze(isFrozen: boolean): Promise<void> {
    const { lab, homes } = this.community
    for (const { address } of [AWAY, NEAR])
      await lab.do(homes.toToken(lab.manager.address, 'freezeAccount', address, isFrozen))
    await this.settled()
  }

  /** Somebody else has the reward returned. */
  async returnReward(): Promise<void> {
    const { lab } = this.community
    const [delegation = 0] = [...this.#keys.keys()].slice(-1)
    await lab.do(lab.toMonitoring(lab.manager.address, 'returnReward', delegation))
    await this.community.caughtUp()
  }

  // ---- What came of it

  /** Somebody has ended the delegation of this course: the chain has it. */
  async isEnded(): Promise<boolean> {
    const ended = await this.community.store.db
      .selectFrom('delegation')
      .select('id')
      .where('ended_block', '>=', this.#fromBlock)
      .executeTakeFirst()
    return ended !== undefined
  }

  async balances(): Promise<bigint[]> {
    return Promise.all([AWAY, NEAR].map(({ address }) => this.community.homes.balanceOf(address)))
  }

  async #head(): Promise<number> {
    return Number(await this.community.lab.rpc('eth_blockNumber'))
  }

  /** The calls of the two homes that were carried out in this course, and how often. */
  async deeds(): Promise<Record<string, number>> {
    const { lab } = this.community
    const accounts = [AWAY, NEAR].map(accountOf)
    const counted: Record<string, number> = {}
    for (let number = this.#fromBlock; number <= (await this.#head()); number += 1) {
      const block = await lab.rpc('eth_getBlockByNumber', [`0x${number.toString(16)}`, true])
      for (const { from, input, hash } of blockSchema.parse(block).transactions) {
        const { status } = receiptSchema.parse(await lab.rpc('eth_getTransactionReceipt', [hash]))
        if (!accounts.includes(from.toLowerCase()) || status !== '0x1') continue
        const name = faces.map((face) => face.getFunction(input.slice(0, 10))?.name).find(Boolean) ?? input
        counted[name] = (counted[name] ?? 0) + 1
      }
    }
    return counted
  }
}
