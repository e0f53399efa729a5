import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import type { TypedDataSigner } from '../../protocols/crypto/registration.ts'
import { writeDurably } from '../network/chain-folder.ts'
import { anchorSigner, signAnchorable, statementRoot, type Anchorable } from './anchorable.ts'
import { archiveFault } from './fault.ts'
import { seriesSchema } from './lines.ts'

const hash = z.string().regex(/^0x[0-9a-f]{64}$/)
const address = z.string().regex(/^0x[0-9a-f]{40}$/)
const count = z.number().int().min(0)

/** What an archive says of itself; all of it is in the root that is signed and anchored. */
export const statementSchema = z.strictObject({
  version: z.literal(1),
  chainId: z.number().int().positive(),
  /** Hash of the first block of the community's first chain: it names the community's chain for ever. */
  origin: hash,
  /** Hash of the first block of the chain that the archive was taken from. */
  genesis: hash,
  /** The block whose state this is; its number in that chain, and its height over all chains. */
  block: z.strictObject({ number: count, height: count, hash, timestampS: count, stateRoot: hash }),
  /** Account whose signature counts, and the contracts that an archive must know. */
  community: address,
  archive: address,
  /** Contracts that keep heights. */
  heights: z.array(address),
  /** Root of the archive before this one; zeros for the first. */
  previous: hash,
  signers: z.array(address),
  /** What the next chain takes over of the first block of this one. */
  rules: z.looseObject({ config: z.looseObject({ chainId: z.number() }), gasLimit: z.string() }),
  state: seriesSchema,
  history: seriesSchema,
})
export type Statement = z.infer<typeof statementSchema>

const fileSchema = z.strictObject({ statement: statementSchema, next: hash, signature: z.string() })

/** An archive's statement with what makes it count. */
export interface SignedStatement {
  readonly statement: Statement
  /** Hash of the first block of the chain that begins from the archive. */
  readonly next: string
  readonly signature: string
}

export const STATEMENT_FILE = 'archive.json'
export const STATE_FILE = 'state.jsonl'
export const HISTORY_FILE = 'history.jsonl'
export const NO_ARCHIVE = `0x${'00'.repeat(32)}`

/** The root of an archive: Keccak-256 of its statement, which holds the ends of its chained files. */
export const rootOf = (statement: Statement): string => statementRoot(statementSchema.parse(statement))

/** What of an archive is signed and anchored. */
export const anchorableOf = (statement: Statement, next: string): Anchorable => ({
  height: statement.block.height,
  blockHash: statement.block.hash,
  root: rootOf(statement),
  previous: statement.previous,
  next,
})

export async function sign(
  statement: Statement,
  next: string,
  signer: TypedDataSigner,
): Promise<SignedStatement> {
  const signature = await signAnchorable(statement, anchorableOf(statement, next), signer)
  return { statement, next, signature }
}

/** Writes the statement last: an archive without it is none. */
export const writeStatement = (folder: string, signed: SignedStatement): Promise<void> =>
  writeDurably(join(folder, STATEMENT_FILE), `${JSON.stringify(signed, null, 2)}\n`)

/**
 * Reads what an archive says of itself, and checks who signed it. Faults: `archive-unreadable`,
 * `archive-unsigned`.
 */
export async function readStatement(folder: string): Promise<SignedStatement> {
  const file = join(folder, STATEMENT_FILE)
  const signed = await parsed(file)
  const { statement, next, signature } = signed
  const signer = anchorSigner(statement, anchorableOf(statement, next), signature)
  if (signer === statement.community) return signed
  const message = `${file}: was changed after it was signed; take the archive again from where it was made`
  throw archiveFault('archive-edited', message, { file, signer })
}

async function parsed(file: string): Promise<SignedStatement> {
  try {
    return fileSchema.parse(JSON.parse(await readFile(file, 'utf8')))
  } catch {
    const message = `${file}: is missing or no statement of an archive; name the folder of a whole archive`
    throw archiveFault('archive-unreadable', message, { file })
  }
}
