import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { continuedRpc, type ContinuedRpc, type Continuation } from '../../chain/archive/continued-rpc.ts'
import { certificateFile, readCertificate } from '../../chain/certificate-file.ts'
import type { Ipc } from '../../chain/network/geth/ipc.ts'
import { createRpc } from '../../chain/proxy/rpc.ts'
import { makesFinal, type Certificate } from '../../protocols/crypto/certificate.ts'
import { Fault } from '../../protocols/rules/fault.ts'
import { createFinality } from '../host/finality.ts'

const hashReply = z.object({ hash: z.string() }).nullable()
const signersReply = z.array(z.string().transform((account) => account.toLowerCase()))
const quantity = z.string().transform(Number)

/** The certificates that gateways of a data folder keep, the highest first. */
async function certificatesIn(dataDir: string): Promise<Certificate[]> {
  const within = existsSync(dataDir) ? readdirSync(dataDir) : []
  const files = ['.', ...within].map((name) => certificateFile(join(dataDir, name)))
  const found = await Promise.all(files.map(readCertificate))
  return found.filter((each) => each !== null).sort((a, b) => b.number - a.number)
}

/**
 * Height of the newest block of a node that signers' votes made final, as far as the gateways of a data
 * folder know: who voted is checked again. Null when none is known.
 */
export async function certifiedHeight(
  dataDir: string,
  node: ContinuedRpc,
  { chainId, origin: genesisHash }: Pick<Continuation, 'chainId' | 'origin'>,
): Promise<number | null> {
  for (const certificate of await certificatesIn(dataDir)) {
    const { number, hash } = certificate
    const block = await node.call('eth_getBlockByNumber', [`0x${number.toString(16)}`, false], hashReply)
    if (block?.hash !== hash) continue
    const signers = await node.call('clique_getSignersAtHash', [hash], signersReply)
    if (makesFinal({ chainId, genesisHash }, certificate, signers)) return number
  }
  return null
}

/**
 * Number of the newest final block in the own chain of a node, by its socket. Where no gateway of the data
 * folder has heard votes, deep ones count: rather one too many than a final one too few.
 */
export async function newestFinalOf(
  dataDir: string,
  ipc: Ipc,
  continuation: Continuation,
): Promise<number | null> {
  const node = continuedRpc(createRpc({ url: ipc.path }), continuation)
  try {
    const height = await certifiedHeight(dataDir, node, continuation)
    if (height !== null) return height - (node.follows()?.number ?? 0)
    return createFinality('depth').newest(await ipc.ask('eth_blockNumber', [], quantity))
  } finally {
    node.close()
  }
}

/** Height of the newest final block behind `rpc`. Without signers, deep ones are. Fault: `nothing-final`. */
export async function finalHeight(
  dataDir: string,
  node: ContinuedRpc,
  continuation: Continuation,
): Promise<number> {
  const hasSigners = await node.call('clique_getSigners', [], signersReply).then(
    () => true,
    () => false,
  )
  const height = hasSigners
    ? await certifiedHeight(dataDir, node, continuation)
    : createFinality('depth').newest(await node.call('eth_blockNumber', [], quantity))
  if (height !== null && height > 0) return height
  const fix = hasSigners ? 'let the gateways of its signers run' : 'wait for some blocks'
  const message = `${node.url}: no block is final as far as ${dataDir} knows; ${fix}`
  throw new Fault('nothing-final', message, { url: node.url, dataDir })
}
