import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { Fault, messageOf } from '../protocols/rules/fault.ts'
import { writeDurably } from './network/chain-folder.ts'
import { auctionSettingsSchema } from './trading-settings.ts'

const address = z.string().regex(/^0x[0-9a-fA-F]{40}$/)
const hash = z.string().regex(/^0x[0-9a-f]{64}$/)

/** Where a community's contracts are, and the settings they were made with. */
export const contractsSchema = z.object({
  chainId: z.number().int().positive(),
  genesisHash: hash,
  deployedAtBlock: z.number().int().nonnegative(),
  /** Account whose EIP-712 signatures count as the community's. */
  community: address,
  access: address,
  monitoring: address,
  quota: address,
  token: address,
  trading: address,
  archive: address,
  profile: z.enum(['commitment', 'storage']),
  sampleMs: z.number().int().positive(),
  slotsPerBilling: z.number().int().positive(),
  L: z.number().int().min(1).max(10_000),
  /** Blocks in which an asserted excess may be challenged. */
  windowBlocks: z.number().int().positive(),
  /** How the auctions were set. */
  auctions: auctionSettingsSchema,
})
export type Contracts = z.infer<typeof contractsSchema>

/** Where a deployment may have left its contracts.json within a data folder. */
const WITHIN_DATA = ['community', 'chain', '.']

/** The contracts.json of a community's data folder, or null. */
export function contractsFileIn(folder: string): string | null {
  const files = WITHIN_DATA.map((place) => join(folder, place, 'contracts.json'))
  return files.find((file) => existsSync(file)) ?? null
}

/** Reads `contracts.json`; null when there is none. Fault: `bad-contracts`. */
export async function readContracts(file: string): Promise<Contracts | null> {
  let text: string
  try {
    text = await readFile(file, 'utf8')
  } catch {
    return null
  }
  try {
    return contractsSchema.parse(JSON.parse(text))
  } catch (thrown) {
    throw new Fault('bad-contracts', `${file}: is no list of contracts (${firstLine(thrown)})`, { file })
  }
}

/** Writes `contracts.json` whole. */
export async function writeContracts(file: string, contracts: Contracts): Promise<void> {
  await writeDurably(file, JSON.stringify(contracts, null, 2) + '\n')
}

function firstLine(thrown: unknown): string {
  if (!(thrown instanceof z.ZodError)) return messageOf(thrown)
  const [issue] = thrown.issues
  return issue === undefined ? 'unreadable' : `${issue.path.join('.')}: ${issue.message}`
}
