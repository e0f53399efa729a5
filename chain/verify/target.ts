import { readFile } from 'node:fs/promises'
import { z } from 'zod'
import { messageOf } from '../../protocols/rules/fault.ts'
import type { NamedContracts } from './market-state.ts'
import { cannotRead } from './rpc.ts'

/** What a file or a command line says about a community. */
export interface KnownCommunity {
  readonly contracts: NamedContracts
  readonly chainId: number | null
  readonly genesisHash: string | null
  /** The node a report was written from, or null. */
  readonly rpc: string | null
}

const address = z.string().regex(/^0x[0-9a-fA-F]{40}$/, 'expected 0x and 40 hexadecimal digits')

/** contracts.json, as a deployment writes it. */
const deployment = z.object({
  monitoring: address,
  quota: address,
  token: address.optional(),
  trading: address.optional(),
  chainId: z.number().int().positive().optional(),
  genesisHash: z.string().optional(),
})

/** The report of a run (DESIGN §13). */
const report = z.object({
  contracts: z.object({
    monitoring: address,
    quota: address,
    token: address.nullish(),
    trading: address.nullish(),
  }),
  chain: z.object({ chainId: z.number().int().positive(), rpc: z.string().optional() }).optional(),
})

const FIX = 'give contracts.json, the report of a run, or monitoring=0x…,quota=0x…'

/** Reads `--contracts`: a report, a contracts.json, or the addresses themselves. Throws `cannot-read`. */
export async function readContracts(argument: string): Promise<KnownCommunity> {
  if (/^(monitoring|quota|token|trading)=/.test(argument)) return fromPairs(argument)
  let parsed: unknown
  try {
    parsed = JSON.parse(await readFile(argument, 'utf8'))
  } catch (thrown) {
    throw cannotRead(`--contracts ${argument} cannot be read (${messageOf(thrown)})`, FIX)
  }
  const known = fromJson(parsed)
  if (known === null) throw cannotRead(`--contracts ${argument} names no monitoring and quota contracts`, FIX)
  return known
}

interface Told {
  readonly monitoring: string
  readonly quota: string
  readonly token?: string | null | undefined
  readonly trading?: string | null | undefined
}

const fourOf = ({ monitoring, quota, token = null, trading = null }: Told): NamedContracts => {
  return { monitoring, quota, token, trading }
}

function fromPairs(argument: string): KnownCommunity {
  const pairs: Record<string, string> = {}
  for (const pair of argument.split(',')) {
    const [name, value] = pair.split('=')
    if (name !== undefined && value !== undefined) pairs[name] = value
  }
  const contracts = deployment.safeParse(pairs)
  if (!contracts.success) {
    const issue = contracts.error.issues[0]
    const why = `${issue?.path.join('.') ?? 'addresses'}: ${issue?.message ?? 'unknown shape'}`
    throw cannotRead(`--contracts ${argument}: ${why}`, FIX)
  }
  return { contracts: fourOf(contracts.data), chainId: null, genesisHash: null, rpc: null }
}

function fromJson(parsed: unknown): KnownCommunity | null {
  const run = report.safeParse(parsed)
  if (run.success) {
    const { contracts, chain } = run.data
    return {
      contracts: fourOf(contracts),
      chainId: chain?.chainId ?? null,
      genesisHash: null,
      rpc: chain?.rpc ?? null,
    }
  }
  const deployed = deployment.safeParse(parsed)
  if (!deployed.success) return null
  const { chainId = null, genesisHash = null } = deployed.data
  return { contracts: fourOf(deployed.data), chainId, genesisHash, rpc: null }
}
