import { once } from 'node:events'
import http from 'node:http'
import { text } from 'node:stream/consumers'
import { z } from 'zod'
import { headerHash } from '../../chain/verify/encode.ts'
import type { WireHeader } from '../../chain/verify/wire.ts'
import { sealed, SIGNERS, ZERO } from '../verify/sealed.ts'

/** Signers of the chain, in the order of their addresses. */
export const ACCOUNTS: readonly string[] = SIGNERS.map(({ account }) => account)

/** A branch of the chain, from its first block on. */
export type Blocks = readonly WireHeader[]

/** A branch with more blocks; `shift` says whose turn it is, so that no signer seals a height twice. */
export function longer(branch: Blocks, blocks: number, shift: number): Blocks {
  const all = [...branch]
  for (let added = 0; added < blocks; added += 1) {
    const number = all.length
    const signers = number === 0 ? SIGNERS.slice(0, 1) : SIGNERS
    const index = number === 0 ? 0 : (number + shift) % SIGNERS.length
    const block = sealed(number, index, signers, { parentHash: all.at(-1)?.hash ?? ZERO })
    all.push({ ...block, hash: headerHash(block) })
  }
  return all
}

const questionSchema = z.object({ id: z.number(), method: z.string(), params: z.array(z.unknown()) })
type Question = z.infer<typeof questionSchema>
const whichSchema = z.tuple([z.string()], z.unknown())

const asServed = (header: WireHeader): string =>
  JSON.stringify({ ...header, transactions: [] }, (_name, value: unknown) =>
    typeof value === 'bigint' ? `0x${value.toString(16)}` : value,
  )

/**
 * A signer's node and what else its voter reaches: it serves blocks with real seals by HTTP, of the branch
 * that it is told to be on; its peers take votes, its people alarms.
 */
export class CliqueNode {
  branch: Blocks = longer([], 1, 0)
  /** Whether it seals. */
  mining = true
  /** Everything that was ever said, each once. */
  readonly votes = new Set<string>()
  readonly alarms = new Set<string>()
  /** Peers take what is new to them, and answer when this is over. */
  silent = false
  readonly #known = new Map<string, WireHeader>()
  readonly #waiting: (() => void)[] = []
  readonly #server = http.createServer((request, response) => {
    text(request)
      .then((body) => this.#served(body))
      .then(
        (reply) => response.end(reply),
        () => response.destroy(),
      )
  })

  async open(): Promise<string> {
    this.#server.listen(0, '127.0.0.1')
    await once(this.#server, 'listening')
    const address = this.#server.address()
    return `http://127.0.0.1:${address === null || typeof address === 'string' ? 0 : address.port}`
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections()
    await new Promise((resolve) => this.#server.close(resolve))
  }

  /** Peers answer again. */
  speak(): void {
    this.silent = false
    for (const wake of this.#waiting.splice(0)) wake()
  }

  async #served(body: string): Promise<string> {
    const asked: unknown = JSON.parse(body)
    const answered = async (each: unknown) => {
      const question = questionSchema.parse(each)
      return { jsonrpc: '2.0', id: question.id, result: await this.#answer(question) }
    }
    const replies = Array.isArray(asked) ? await Promise.all(asked.map(answered)) : await answered(asked)
    return JSON.stringify(replies)
  }

  async #answer({ method, params }: Question): Promise<unknown> {
    switch (method) {
      case 'eth_getBlockByNumber':
        return this.#block(whichSchema.parse(params)[0])
      case 'eth_getBlockByHash':
        return this.#serve(this.#known.get(whichSchema.parse(params)[0]))
      case 'clique_getSignersAtHash':
        return ACCOUNTS
      case 'eth_mining':
        return this.mining
      case 'miner_start':
      case 'miner_stop':
        this.mining = method === 'miner_start'
        return null
      case 'people_alarm':
        this.alarms.add(JSON.stringify(params))
        return null
      default:
        return this.#vote(JSON.stringify(params))
    }
  }

  #block(which: string): unknown {
    return this.#serve(this.branch.at(which === 'latest' ? -1 : Number(which)))
  }

  #serve(header: WireHeader | undefined): unknown {
    if (header === undefined) return null
    this.#known.set(header.hash, header)
    return JSON.parse(asServed(header))
  }

  async #vote(vote: string): Promise<null> {
    const isNew = !this.votes.has(vote)
    this.votes.add(vote)
    if (this.silent && isNew) await new Promise<void>((resolve) => this.#waiting.push(resolve))
    return null
  }
}
