import { z } from 'zod'
import { Fault } from '../../../protocols/rules/fault.ts'
import type { Ipc } from './ipc.ts'
import type { NodeFolder } from './node-folder.ts'
import { askAlone } from './process.ts'

const quantity = z.string().transform(Number)

/** Of the stopped nodes of a folder, the one that has the longest chain. Fault: `no-node`. */
export async function longestOf(program: string, nodes: readonly NodeFolder[]): Promise<NodeFolder> {
  const [first] = nodes
  if (first === undefined) throw new Fault('no-node', 'the folder holds no chain node')
  if (nodes.length === 1) return first
  const head = (ipc: Ipc): Promise<number> => ipc.ask('eth_blockNumber', [], quantity)
  const heads = await Promise.all(nodes.map((node) => askAlone(program, node, head)))
  return nodes[heads.indexOf(Math.max(...heads))] ?? first
}
