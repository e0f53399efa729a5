import { isIP } from 'node:net'
import { z } from 'zod'
import { badField, Fault } from '../../../protocols/rules/fault.ts'
import { genesisSchema, signersIn } from './genesis.ts'

/** What a member must be told of another's node: how it is called, where it is, and its keys. */
export const nodeCardSchema = z.object({
  name: z.string().regex(/^[a-z0-9][a-z0-9-]{0,31}$/, 'a-z, 0-9 and -, at most 32 of them'),
  /** An address, not a name: a node must not trust a name server about who is a member. */
  host: z.string().refine((text) => isIP(text) !== 0, 'an IP address'),
  port: z.number().int().min(0).max(65_535),
  /** The node's public key on the wire: 64 bytes. */
  key: z.string().regex(/^[0-9a-f]{128}$/, '128 hex digits'),
  /** The account it seals blocks with; null for a node that only follows. */
  signer: z
    .string()
    .regex(/^0x[0-9a-f]{40}$/, 'an address in lower case')
    .nullable(),
})
export type NodeCard = z.infer<typeof nodeCardSchema>

/** The network of a community: its first block, and the nodes that are let in. */
export const networkSchema = z.object({
  version: z.literal(1),
  genesis: genesisSchema,
  members: z.array(nodeCardSchema).min(1),
})
export type CommunityNetwork = z.infer<typeof networkSchema>

/** Reads a card from text. Fault: `bad-field`, with the name of the file and the field. */
export function parseCard(text: string, file: string): NodeCard {
  return parse(nodeCardSchema, text, file, 'the card of a node')
}

/** Reads a network from text. Faults: `bad-field`, `bad-network`. */
export function parseNetwork(text: string, file: string): CommunityNetwork {
  const network = parse(networkSchema, text, file, 'the network of a community')
  requireDistinct(network.members, file)
  return network
}

function parse<T>(schema: z.ZodType<T>, text: string, file: string, what: string): T {
  const parsed = schema.safeParse(jsonOf(text))
  if (parsed.success) return parsed.data
  const issue = parsed.error.issues[0]
  const field = issue?.path.join('.') ?? ''
  throw badField(`${file}${field === '' ? '' : ` ${field}`}`, what, issue?.message ?? 'something else')
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** Two nodes with one name, key or account would be one node running twice. Fault: `bad-network`. */
export function requireDistinct(members: readonly NodeCard[], file: string): void {
  const parts: ((card: NodeCard) => string | null)[] = [({ name }) => name, ({ key }) => key, signerOf]
  for (const part of parts) {
    const values = members.map(part).filter((value) => value !== null)
    const twice = values.find((value, at) => values.indexOf(value) !== at)
    if (twice === undefined) continue
    const fix = 'each node needs a name and keys of its own'
    const message = `${file}: two members share ${twice.slice(0, 42)}; ${fix}`
    throw new Fault('bad-network', message, { file, shared: twice })
  }
}

const signerOf = (card: NodeCard): string | null => card.signer

/** Where a node is dialled, in the form that Geth takes. */
export function enodeOf({ key, host, port }: NodeCard): string {
  const place = isIP(host) === 6 ? `[${host}]` : host
  return `enode://${key}@${place}:${port}?discport=0`
}

/** The signers that the first block lists and no member claims: nobody would seal for them. */
export function unclaimedSigners({ genesis, members }: CommunityNetwork): string[] {
  const claimed = new Set(members.map(signerOf))
  return signersIn(genesis).filter((signer) => !claimed.has(signer))
}

export const chainIdOf = ({ genesis }: CommunityNetwork): number => genesis.config.chainId
export const periodSOf = ({ genesis }: CommunityNetwork): number => genesis.config.clique.period
