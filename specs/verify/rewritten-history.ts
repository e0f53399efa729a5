import { z } from 'zod'
import { encodeReceipt, encodeTransaction, headerHash, keccakHex } from '../../chain/verify/encode.ts'
import { createRpcReader } from '../../chain/verify/rpc.ts'
import { listRoot } from '../../chain/verify/trie.ts'
import { readBlock, readReceipts } from '../../chain/verify/wire.ts'
import type { Lie } from './lying-node.ts'

const hashed = z.looseObject({ hash: z.string() })
const blockShape = z.looseObject({ transactions: z.array(hashed) })

/**
 * The best lie a node without anybody's keys can tell: `honest` bytes replaced by `lied` everywhere, and
 * every hash (of transactions, roots, headers and parents) computed anew, so that the chain fits together
 * again.
 */
export async function rewrittenHistory(rpc: string, honest: string, lied: string): Promise<Lie> {
  const reader = createRpcReader(rpc)
  const head = Number(await reader.call('eth_blockNumber', []))
  const blocks: unknown[] = []
  const receipts: unknown[] = []
  let parentHash = `0x${'0'.repeat(64)}`
  for (let number = 0; number <= head; number += 1) {
    const tag = `0x${number.toString(16)}`
    const truth = await reader.all([
      { method: 'eth_getBlockByNumber', params: [tag, true] },
      { method: 'eth_getBlockReceipts', params: [tag] },
    ])
    const [block, list] = z
      .tuple([blockShape, z.unknown()])
      .parse(JSON.parse(JSON.stringify(truth).replaceAll(honest, lied)))
    const rewritten = await fitted({ ...block, parentHash }, list)
    parentHash = rewritten.hash
    blocks.push(rewritten)
    receipts.push(list)
  }
  return (method, [tag], truth) => {
    if (method === 'eth_blockNumber') return `0x${head.toString(16)}`
    if (method === 'eth_getBlockByNumber') return blocks[Number(tag)]
    return method === 'eth_getBlockReceipts' ? receipts[Number(tag)] : truth
  }
}

async function fitted(block: z.infer<typeof blockShape>, receipts: unknown) {
  const encoded = readBlock(block).transactions.map(encodeTransaction)
  const transactions = block.transactions.map((each, index) => {
    return { ...each, hash: keccakHex(encoded[index] ?? new Uint8Array()) }
  })
  const roots = {
    transactionsRoot: await listRoot(encoded),
    receiptsRoot: await listRoot(readReceipts(receipts).map(encodeReceipt)),
  }
  const draft = { ...block, ...roots, transactions, hash: '0x' }
  return { ...draft, hash: headerHash(readBlock({ ...draft, hash: `0x${'0'.repeat(64)}` })) }
}
