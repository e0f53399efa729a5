import { z } from 'zod'
import { badField } from '../../../protocols/rules/fault.ts'

/** Table 1: open votes are forgotten, and the signers listed in the header again, every so many blocks. */
export const EPOCH_BLOCKS = 30_000
/** Table 1: the least time between two blocks. */
export const DEFAULT_PERIOD_S = 10
/** Signers of a chain that is all on one machine, as in the paper. */
export const DEFAULT_SIGNERS = 3
export const DEFAULT_GAS_LIMIT = 30_000_000
export const PERIOD_MOST_S = 3_600

/** EIP-225: what stands before and after the signers in the extra data of the first block. */
const VANITY_BYTES = 32
/** Table 1: room for the signer's seal. */
const SEAL_BYTES = 65
/** A million units of currency: more than an account can spend on gas. */
const BALANCE_WEI = '0xd3c21bcecceda1000000'
const FORKS = ['homestead', 'eip150', 'eip155', 'eip158', 'byzantium', 'constantinople', 'petersburg']
const LATER_FORKS = ['istanbul', 'berlin', 'london']

const hexQuantity = z.string().regex(/^0x[0-9a-f]+$/i)

/** The parts of a Clique genesis that a node here needs to know; the others pass through. */
export const genesisSchema = z.looseObject({
  config: z.looseObject({
    chainId: z.number().int().positive(),
    clique: z.object({ period: z.number().int().positive(), epoch: z.number().int().positive() }),
  }),
  extraData: z.string().regex(/^0x([0-9a-f]{2})*$/i),
  gasLimit: hexQuantity,
})
export type CliqueGenesis = z.infer<typeof genesisSchema>

export interface GenesisTerms {
  readonly chainId: number
  readonly periodS: number
  readonly gasLimit: number
  /** Accounts that seal blocks from the first on. */
  readonly signers: readonly string[]
  /** Accounts that have currency from the first block on. */
  readonly funded: readonly string[]
  readonly timestampS: number
  /** 32 bytes that make this chain like no other. */
  readonly vanity: Uint8Array
}

/**
 * The first block of a Clique chain, with the values of the paper's table 1. All forks up to London are in
 * force from it: a London that begins later would begin with a base fee of 1 gwei instead of none.
 */
export function cliqueGenesis(terms: GenesisTerms): CliqueGenesis {
  requireTerms(terms)
  const forks = [...FORKS, ...LATER_FORKS].map((fork): [string, number] => [`${fork}Block`, 0])
  return {
    config: {
      chainId: terms.chainId,
      ...Object.fromEntries(forks),
      clique: { period: terms.periodS, epoch: EPOCH_BLOCKS },
    },
    nonce: '0x0',
    timestamp: `0x${terms.timestampS.toString(16)}`,
    extraData: extraDataOf(terms.vanity, terms.signers),
    gasLimit: `0x${terms.gasLimit.toString(16)}`,
    difficulty: '0x1',
    baseFeePerGas: '0x0',
    alloc: Object.fromEntries(terms.funded.map((address) => [address, { balance: BALANCE_WEI }])),
  }
}

function requireTerms({ chainId, periodS, signers, vanity }: GenesisTerms): void {
  const isPeriod = Number.isInteger(periodS) && periodS >= 1 && periodS <= PERIOD_MOST_S
  if (!isPeriod) throw badField('period', `whole seconds from 1 to ${PERIOD_MOST_S}`, periodS)
  if (!Number.isSafeInteger(chainId) || chainId < 1) throw badField('chain id', 'a positive integer', chainId)
  if (signers.length === 0) throw badField('signers', 'one signer or more', 'none')
  const distinct = new Set(signers.map((each) => each.toLowerCase())).size
  if (distinct < signers.length) throw badField('signers', 'each signer once', signers.join(' '))
  if (vanity.length !== VANITY_BYTES) throw badField('vanity', `${VANITY_BYTES} bytes`, vanity.length)
}

function extraDataOf(vanity: Uint8Array, signers: readonly string[]): string {
  const sorted = signers.map((address) => address.toLowerCase().slice(2)).sort()
  return `0x${Buffer.from(vanity).toString('hex')}${sorted.join('')}${'00'.repeat(SEAL_BYTES)}`
}

/** The signers that a genesis lists, lower-case. */
export function signersIn({ extraData }: CliqueGenesis): string[] {
  const hex = extraData.toLowerCase().slice(2 + 2 * VANITY_BYTES, -2 * SEAL_BYTES)
  return (hex.match(/.{40}/g) ?? []).map((address) => `0x${address}`)
}
