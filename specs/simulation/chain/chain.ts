import type { Header, Receipt } from '../../../chain/proxy/replies.ts'
import { type Caller, type ContractCall, type ContractName, Refused, type Told } from '../contracts/call.ts'
import type { Contracts } from '../contracts/contracts.ts'
import { Ledger, Table } from '../ledger.ts'
import { decodeCall, digestOf } from './call-bytes.ts'
import { gasOf } from './gas.ts'
import { type Heard, heardFrom, type HeardFact } from './heard.ts'
import type { SignedTransaction } from './signer.ts'
import { type BlockReplies, repliesOf } from './wire.ts'

/** How a transaction ended in its block. */
export interface Ending {
  readonly transaction: SignedTransaction
  readonly call: ContractCall | undefined
  readonly refused: Refused | null
}

export interface SimulatedBlock {
  readonly header: Header
  readonly receipts: readonly Receipt[]
  readonly facts: readonly HeardFact[]
  /** The same, sorted by whom they concern. */
  readonly heard: Heard
  readonly endings: readonly Ending[]
  /** What a node says of it. */
  readonly replies: BlockReplies
  /** Takes the block's changes back. */
  undo: readonly (() => void)[]
}

export interface ChainSettings {
  readonly chainId: number
  readonly blockSeconds: number
  readonly gasLimit: number
  /** Neighbours of a street trade with each other. */
  readonly streetOf: (account: string) => number
}

/** Blocks whose changes can still be taken back; nothing goes back further. */
const KEPT_BLOCKS = 16
const NOBODY = '0x0000000000000000000000000000000000000000'

/** The ledger that all nodes agree on: it executes calls in blocks, and can take the newest blocks back. */
export class SimulatedChain {
  readonly settings: ChainSettings
  readonly ledger: Ledger
  readonly contracts: Contracts
  readonly blocks: SimulatedBlock[] = []
  readonly #nonces: Table<string, number>
  readonly #byHash = new Map<string, SimulatedBlock>()
  /** By transaction: the block that holds it, and its place there. */
  readonly #places = new Map<string, { readonly block: SimulatedBlock; readonly index: number }>()
  baseFeeWei = 0n
  forks = 0

  constructor(settings: ChainSettings, ledger: Ledger, contracts: Contracts) {
    this.settings = settings
    this.ledger = ledger
    this.contracts = contracts
    this.#nonces = new Table(ledger)
  }

  get head(): SimulatedBlock {
    const head = this.blocks.at(-1)
    if (head === undefined) throw new Error('the chain has no first block')
    return head
  }

  usedNonces(account: string): number {
    return this.#nonces.get(account) ?? 0
  }

  blockAt(number: number): SimulatedBlock | undefined {
    return this.blocks[number]
  }

  blockOf(hash: string): SimulatedBlock | undefined {
    return this.#byHash.get(hash)
  }

  /** What a node says of a transaction that a block holds. */
  receiptOf(hash: string): object | undefined {
    const place = this.#places.get(hash)
    return place?.block.replies.receipts[place.index]
  }

  /** What a call would come to now, without doing it: the gas, or the refusal. */
  trial(sender: string, to: string, data: Uint8Array, valueWei: bigint): number | Refused {
    const mark = this.ledger.mark()
    const next = this.head.header
    const by = this.#caller(sender, valueWei, next.number + 1, next.timestamp + 1, () => undefined)
    const call = decodeCall(data)
    try {
      this.contracts.token.moveWei(sender, to, valueWei)
      if (call !== undefined) this.contracts.do(by, call)
      return gasOf(call)
    } catch (thrown) {
      if (thrown instanceof Refused) return thrown
      throw thrown
    } finally {
      this.ledger.backTo(mark)
    }
  }

  /** Seals a block of these transactions, as far as they can be paid and fit; gives those that went in. */
  seal(timestamp: number, wanted: readonly SignedTransaction[], salt: string): SimulatedBlock {
    const number = this.blocks.length
    const parent = this.blocks.at(-1)?.header.hash ?? `0x${'0'.repeat(64)}`
    const hash = digestOf(parent, String(timestamp), salt, ...wanted.map((each) => each.hash))
    const block = this.#execute({ number, parent, hash, timestamp }, wanted)
    this.blocks.push(block)
    this.#byHash.set(hash, block)
    block.endings.forEach(({ transaction }, index) => this.#places.set(transaction.hash, { block, index }))
    const old = this.blocks[number - KEPT_BLOCKS]
    if (old !== undefined) old.undo = []
    return block
  }

  /** Takes the newest blocks back; gives them, oldest first. */
  takeBack(depth: number): SimulatedBlock[] {
    const taken: SimulatedBlock[] = []
    for (let i = 0; i < depth && this.blocks.length > 1; i += 1) {
      const block = this.blocks.pop()
      if (block === undefined) break
      Ledger.undo(block.undo)
      this.#byHash.delete(block.header.hash)
      for (const { transaction } of block.endings) this.#places.delete(transaction.hash)
      taken.unshift(block)
    }
    this.forks += 1
    return taken
  }

  #execute(
    place: { number: number; parent: string; hash: string; timestamp: number },
    wanted: readonly SignedTransaction[],
  ): SimulatedBlock {
    const facts: HeardFact[] = []
    const endings: Ending[] = []
    const receipts: Receipt[] = []
    let gasUsed = 0
    for (const transaction of wanted) {
      if (transaction.nonce !== this.usedNonces(transaction.from)) continue
      const before = facts.length
      const ending = this.#run(transaction, place, facts)
      if (ending.refused !== null) facts.length = before
      const used = Math.min(gasOf(ending.call), transaction.gas)
      gasUsed += used
      receipts.push(this.#receipt(ending, place, receipts.length, used))
      endings.push(ending)
    }
    const header = {
      number: place.number,
      hash: place.hash,
      parentHash: place.parent,
      timestamp: place.timestamp,
      gasLimit: BigInt(this.settings.gasLimit),
      gasUsed: BigInt(gasUsed),
      miner: NOBODY,
      baseFeePerGas: this.baseFeeWei,
      transactions: receipts.map(({ transactionHash }) => transactionHash),
    }
    const [heard, replies] = [heardFrom(facts, this.settings.streetOf), repliesOf(header, receipts)]
    return { header, receipts, facts, heard, endings, replies, undo: this.ledger.taken() }
  }

  #run(
    transaction: SignedTransaction,
    { number, timestamp }: { number: number; timestamp: number },
    facts: HeardFact[],
  ): Ending {
    const { from, to, data, valueWei, hash } = transaction
    this.#nonces.set(from, transaction.nonce + 1)
    const mark = this.ledger.mark()
    const call = decodeCall(data)
    const timestampMs = timestamp * 1000
    const tell = (contract: ContractName, told: Told): void => {
      facts.push({ contract, told, transactionHash: hash, sender: from, block: number, timestampMs })
    }
    try {
      this.contracts.token.moveWei(from, to, valueWei)
      if (call !== undefined) this.contracts.do(this.#caller(from, valueWei, number, timestamp, tell), call)
      return { transaction, call, refused: null }
    } catch (thrown) {
      if (!(thrown instanceof Refused)) throw thrown
      this.ledger.backTo(mark)
      return { transaction, call, refused: thrown }
    }
  }

  #receipt(
    { transaction, refused }: Ending,
    { number, hash }: { number: number; hash: string },
    transactionIndex: number,
    gasUsed: number,
  ): Receipt {
    return {
      transactionHash: transaction.hash,
      transactionIndex,
      blockHash: hash,
      blockNumber: number,
      from: transaction.from,
      to: transaction.to,
      status: refused === null ? 1 : 0,
      gasUsed: BigInt(gasUsed),
      effectiveGasPrice: this.baseFeeWei + transaction.tipWei,
      logs: [],
    }
  }

  #caller(sender: string, valueWei: bigint, height: number, timeS: number, tell: Caller['tell']): Caller {
    return { sender, valueWei, height, timeS, tell }
  }
}
