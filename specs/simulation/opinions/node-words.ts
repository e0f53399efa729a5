import { Interface, keccak256 } from 'ethers'
import { makeBlock } from '../../../chain/proxy/block.ts'
import { bloomOf } from '../../../chain/proxy/bloom.ts'
import { namedError, revertOf, sendVerdict } from '../../../chain/proxy/refusals.ts'
import type { Header, Receipt } from '../../../chain/proxy/replies.ts'
import { Fault } from '../../../protocols/rules/fault.ts'
import type { Chance } from '../chance.ts'
import { type Ask, refuse } from './asked.ts'

/** What nodes say to a transaction: Geth, Anvil, Besu, Nethermind and Erigon in their own words. */
const WORDS = [
  ['already known', 'accepted'],
  ['ALREADY_IMPORTED: already imported', 'accepted'],
  ['Known transaction', 'accepted'],
  ['nonce too low: next nonce 5, tx nonce 4', 'nonce-used'],
  ['nonce has already been used', 'nonce-used'],
  ['transaction already mined', 'nonce-used'],
  ['replacement transaction underpriced', 'underpriced'],
  ['transaction underpriced: tip needed 1', 'underpriced'],
  ['max fee per gas less than block base fee', 'underpriced'],
  ['FeeCap is below the base fee', 'underpriced'],
  ['Gas price too low', 'underpriced'],
  ['tip below the minimum', 'underpriced'],
  ['insufficient funds for gas * price + value', 'unfunded'],
  ['Insufficient balance', 'unfunded'],
  ['sender has lack of funds', 'unfunded'],
  ['txpool is full', 'unknown'],
  ['Pool overflow', 'unknown'],
  ['Too many requests', 'unknown'],
  ['rate limit reached', 'unknown'],
  ['transaction indexing is in progress', 'unknown'],
  ['exceeds the limit of the pool', 'unknown'],
  ['intrinsic gas too low', 'refused'],
  ['exceeds block gas limit', 'refused'],
  ['oversized data', 'refused'],
  ['invalid sender', 'refused'],
  ['invalid chain id for signer', 'refused'],
  ['tx fee exceeds the configured cap', 'refused'],
  ['something that nobody has said before', 'unknown'],
] as const

const face = new Interface(['error TooEarly(uint256 now, uint256 opens)', 'error WrongState()'])
const refusal = (facts: Record<string, string>): Fault => new Fault('rpc-refused', 'the node refused', facts)

export function askRefusals(ask: Ask, chance: Chance): void {
  const [rpcMessage, verdict] = chance.pick(WORDS)
  ask(
    'node words',
    rpcMessage,
    () => sendVerdict(refusal({ rpcMessage })),
    () => verdict,
  )
  const away = new Fault('rpc-unreachable', 'away', { rpcMessage })
  ask(
    'node words',
    'away',
    () => [sendVerdict(away), sendVerdict(new Error(rpcMessage))],
    () => ['unknown', 'unknown'],
  )
  const [now, opens] = [chance.whole(0, 99), chance.whole(0, 99)]
  const early = face.encodeErrorResult('TooEarly', [now, opens])
  const detail = `now=${now} opens=${opens}`
  const strange = `0xdeadbeef${'00'.repeat(chance.whole(0, 80))}`
  const named = [
    [early, { error: 'TooEarly', detail }],
    [early.replace('0x', '0X').toUpperCase().replace('0X', '0x'), { error: 'TooEarly', detail }],
    [face.encodeErrorResult('WrongState', []), { error: 'WrongState', detail: '' }],
    [strange, { error: 'unknown-error', detail: strange.slice(0, 138) }],
  ] as const
  const [data, expected] = chance.pick(named)
  ask(
    'reverts',
    data,
    () => namedError(data, [face]),
    () => expected,
  )
  ask(
    'reverts',
    data,
    () => namedError(data, [new Interface([]), face]),
    () => expected,
  )
  ask(
    'reverts',
    data,
    () => revertOf(refusal({ data }), [face]),
    () => expected,
  )
  const short = refusal({ data: '0x', rpcMessage: 'execution reverted' })
  ask(
    'reverts',
    'short',
    () => revertOf(short, [face]),
    () => ({ error: 'revert', detail: 'execution reverted' }),
  )
  ask(
    'reverts',
    'no revert',
    () => revertOf(refusal({ rpcMessage: 'out of memory' }), [face]),
    () => undefined,
  )
  ask(
    'reverts',
    'away',
    () => revertOf(new Fault('rpc-unreachable', 'away', { data }), [face]),
    () => undefined,
  )
}

const word = (chance: Chance, bytes: number): string =>
  `0x${Array.from({ length: bytes }, () => chance.whole(0, 255).toString(16).padStart(2, '0')).join('')}`

/** The bloom of the words of an Ethereum block (yellow paper §4.3.1), bit by bit. */
function bloom(words: readonly string[]): string {
  let bits = 0n
  for (const each of words) {
    const hash = BigInt(keccak256(each))
    for (const pair of [240n, 224n, 208n]) bits |= 1n << ((hash >> pair) % 2_048n)
  }
  return `0x${bits.toString(16).padStart(512, '0')}`
}

export function askBlocks(ask: Ask, chance: Chance): void {
  const logs = Array.from({ length: chance.whole(0, 3) }, (_, logIndex) => {
    const topics = Array.from({ length: chance.whole(0, 2) }, () => word(chance, 32))
    return { address: word(chance, 20), topics, data: '0x', logIndex }
  })
  const words = logs.flatMap(({ address, topics }) => [address, ...topics])
  ask(
    'blooms',
    words,
    () => bloomOf(logs),
    () => bloom(words),
  )
  const hash = word(chance, 32)
  const receipts = [0, 1].slice(0, chance.whole(0, 2)).map((transactionIndex): Receipt => ({
    ...{ transactionHash: `0x0${transactionIndex}`, transactionIndex, blockHash: hash, blockNumber: 9 },
    ...{ from: word(chance, 20), to: null, status: 1, gasUsed: 1n, effectiveGasPrice: 1n },
    logs: transactionIndex === 0 ? logs : [],
  }))
  const told = receipts.length === 0 ? [] : words
  const header: Header = {
    ...{ number: 9, hash, parentHash: '0x8', timestamp: 77, gasLimit: 5n, gasUsed: 2n, miner: '0x1' },
    ...{ baseFeePerGas: 3n, transactions: receipts.map(({ transactionHash }) => transactionHash) },
    ...(chance.hits(700_000) ? { logsBloom: bloom(told) } : {}),
  }
  const spoilt = chance.pick(['no', 'no', 'hash', 'order', 'missing', 'log', 'more'] as const)
  const given = spoil(spoilt, receipts)
  const isSpoilt = JSON.stringify(given, plain) !== JSON.stringify(receipts, plain)
  const seen = spoilt === 'log' ? header.logsBloom !== undefined : true
  ask(
    'blocks',
    { spoilt, receipts: receipts.length },
    () => {
      const block = makeBlock(header, given)
      const { number, parentHash, timestampMs, gasLimit, gasUsed, baseFeeWei, miner } = block
      const heard = given.flatMap((one) => one.logs.flatMap(({ address }) => block.logsOf(address)))
      const found = given.map(({ transactionHash }) => block.receiptOf(transactionHash)?.transactionHash)
      const fields = [number, parentHash, timestampMs, gasLimit, gasUsed, baseFeeWei, miner]
      return [
        fields,
        found,
        heard.map((log) => [log.logIndex, log.transactionHash, log.timestampMs, log.block.hash]),
      ]
    },
    () => {
      refuse(isSpoilt && seen, 'untrusted-rpc')
      const found = given.map(({ transactionHash }) => transactionHash)
      const heard = given.flatMap((one) =>
        one.logs.map((log) => [log.logIndex, one.transactionHash, 77_000, hash]),
      )
      return [[9, '0x8', 77_000, 5n, 2n, 3n, '0x1'], found, heard]
    },
  )
}

const plain = (_: string, value: unknown): unknown => (typeof value === 'bigint' ? String(value) : value)

/** What a node may say that is not so. */
function spoil(how: string, receipts: readonly Receipt[]): readonly Receipt[] {
  const [first, ...others] = receipts
  if (first === undefined) return receipts
  if (how === 'hash') return [...others, { ...first, blockHash: '0xother' }]
  if (how === 'order') return [...receipts].reverse()
  if (how === 'missing') return others
  if (how === 'more') return [...receipts, first]
  return how === 'log' ? [{ ...first, logs: first.logs.slice(1) }, ...others] : receipts
}
