import { setTimeout as sleep } from 'node:timers/promises'
import { JsonRpcProvider, parseUnits } from 'ethers'
import { z } from 'zod'
import type { GethNode } from '../../chain/network/geth/process.ts'
import { headOf, hex, type Ground, type Measured } from './ground.ts'

const TRANSACTIONS = 12
const PAUSE_MS = 700
const PATIENCE_BLOCKS = 30
const LOOK_MS = 100
const USUAL = hex(1)
/** More than anybody pays: whoever asks for it takes nobody’s transactions. */
const TOO_MUCH = `0x${parseUnits('1', 'ether').toString(16)}`

const receiptReply = z.object({ blockNumber: z.string().transform(Number) }).nullable()

/** Blocks from the newest of when a transaction was sent to the one that holds it; null when none did. */
async function delayOf({ follower: { ipc } }: Ground, raw: string): Promise<number | null> {
  const from = await headOf(ipc)
  const hash = await ipc.ask('eth_sendRawTransaction', [raw], z.string())
  while ((await headOf(ipc)) < from + PATIENCE_BLOCKS) {
    // Just after a start Geth answers that it is still indexing: not known yet, as `null` would say.
    const receipt = await ipc.ask('eth_getTransactionReceipt', [hash], receiptReply).catch(() => null)
    if (receipt !== null) return receipt.blockNumber - from
    await sleep(LOOK_MS)
  }
  return null
}

async function delays(ground: Ground): Promise<(number | null)[]> {
  const { chain, rich } = ground
  const provider = new JsonRpcProvider(chain.rpc, chain.chainId, { staticNetwork: true })
  try {
    const wallet = rich.connect(provider)
    const found: (number | null)[] = []
    for (let sent = 0; sent < TRANSACTIONS; sent += 1) {
      const nonce = await provider.getTransactionCount(wallet.address, 'latest')
      const fees = { maxFeePerGas: 1_000_000n, maxPriorityFeePerGas: 1n }
      const to = wallet.address
      const terms = { to, nonce, value: BigInt(sent), gasLimit: 21_000n, chainId: chain.chainId, ...fees }
      found.push(await delayOf(ground, await wallet.signTransaction({ type: 2, ...terms })))
      if (found.at(-1) === null) break
      await sleep(PAUSE_MS)
    }
    return found
  } finally {
    provider.destroy()
  }
}

const price = (nodes: readonly GethNode[], wei: string): Promise<unknown> =>
  Promise.all(nodes.map(({ ipc }) => ipc.ask('miner_setGasPrice', [wei], z.unknown())))

interface Course {
  readonly censors: number
  readonly mean: number | null
  readonly most: number | null
}

async function course(ground: Ground, censors: number): Promise<Course> {
  const { signers, tell } = ground
  tell(`censoring   ${censors} of ${signers.length} signers take no transaction`)
  const bad = signers.slice(0, censors)
  await price(bad, TOO_MUCH)
  try {
    const found = await delays(ground)
    if (found.includes(null)) return { censors, mean: null, most: null }
    const counts = found.filter((each) => each !== null)
    const mean = counts.reduce((sum, each) => sum + each, 0) / counts.length
    return { censors, mean: Math.round(mean * 100) / 100, most: Math.max(...counts) }
  } finally {
    await price(bad, USUAL)
  }
}

const words = ({ censors, mean, most }: Course): string =>
  mean === null
    ? `${censors}: not within ${PATIENCE_BLOCKS} blocks`
    : `${censors}: ${mean} blocks (most ${most ?? '–'})`

/** Table 2: "Signers censoring blocks with negative votes are limited to 1 block out of N/2 block." */
export async function censoring(ground: Ground): Promise<Measured> {
  const count = ground.signers.length
  const courses: Course[] = []
  for (const censors of [0, 1, count - 1, count]) courses.push(await course(ground, censors))
  const figures = Object.fromEntries(
    courses.flatMap(({ censors, mean, most }) => [
      [`meanBlocks.${censors}censors`, mean ?? 'never'],
      [`mostBlocks.${censors}censors`, most ?? 'never'],
    ]),
  )
  const [, one, , all] = courses
  const delayed = (one?.most ?? Infinity) <= (courses[0]?.most ?? 0) + count
  return {
    figures,
    effect: `blocks until a transaction is in, by how many censor: ${courses.map(words).join('; ')}`,
    claimHolds: delayed && all?.mean === null ? 'partly' : 'no',
  }
}
