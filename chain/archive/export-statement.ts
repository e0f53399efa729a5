import { existsSync, readdirSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import type { TypedDataSigner } from '../../protocols/crypto/registration.ts'
import { writeDurably } from '../network/chain-folder.ts'
import { anchorSigner, signAnchorable, statementRoot, type Anchorable } from './anchorable.ts'
import { archiveFault } from './fault.ts'
import { seriesSchema } from './lines.ts'
import { NO_ARCHIVE } from './statement.ts'

const hash = z.string().regex(/^0x[0-9a-f]{64}$/)
const address = z.string().regex(/^0x[0-9a-f]{40}$/)

/** The files of an export, by what they hold. */
export const EXPORTED = ['readings', 'trades', 'delegations'] as const
export type Exported = (typeof EXPORTED)[number]

const statementSchema = z.strictObject({
  version: z.literal(1),
  kind: z.literal('history'),
  chainId: z.number().int().positive(),
  /** Hash of the first block of the community's first chain. */
  origin: hash,
  community: address,
  archive: address,
  monitoring: address,
  trading: address,
  /** The newest block that it holds. */
  block: z.strictObject({ height: z.number().int().min(0), hash }),
  previous: hash,
  readings: seriesSchema,
  trades: seriesSchema,
  delegations: seriesSchema,
})
export type ExportStatement = z.infer<typeof statementSchema>

const fileSchema = z.strictObject({ statement: statementSchema, signature: z.string() })
export type SignedExport = z.infer<typeof fileSchema>

export const EXPORT_FILE = 'history.json'
export const fileOf = (name: Exported): string => `${name}.jsonl`

/** What of an export is signed and anchored; no chain begins from it. */
export const exportAnchorable = (statement: ExportStatement): Anchorable => ({
  height: statement.block.height,
  blockHash: statement.block.hash,
  root: statementRoot(statementSchema.parse(statement)),
  previous: statement.previous,
  next: NO_ARCHIVE,
})

/** Signs an export and writes its statement, last. */
export async function sealExport(
  folder: string,
  statement: ExportStatement,
  signer: TypedDataSigner,
): Promise<SignedExport> {
  const signature = await signAnchorable(statement, exportAnchorable(statement), signer)
  const signed = { statement, signature }
  await writeDurably(join(folder, EXPORT_FILE), `${JSON.stringify(signed, null, 2)}\n`)
  return signed
}

/** Reads an export's statement and checks who signed it. Faults: `archive-unreadable`, `archive-edited`. */
export async function readExport(folder: string): Promise<SignedExport> {
  const file = join(folder, EXPORT_FILE)
  const signed = await parsed(file)
  const signer = anchorSigner(signed.statement, exportAnchorable(signed.statement), signed.signature)
  if (signer === signed.statement.community) return signed
  const message = `${file}: was changed after it was signed; take the export again from where it was made`
  throw archiveFault('archive-edited', message, { file, signer })
}

async function parsed(file: string): Promise<SignedExport> {
  try {
    return fileSchema.parse(JSON.parse(await readFile(file, 'utf8')))
  } catch {
    const message = `${file}: is missing or no statement of an export; name the folder of a whole export`
    throw archiveFault('archive-unreadable', message, { file })
  }
}

/** The exports that were noted in a folder, oldest first. */
export async function knownExports(folder: string): Promise<SignedExport[]> {
  if (!existsSync(folder)) return []
  const names = readdirSync(folder).filter((name) => existsSync(join(folder, name, EXPORT_FILE)))
  const known = await Promise.all(names.map((name) => readExport(join(folder, name))))
  return known.sort((a, b) => a.statement.block.height - b.statement.block.height)
}
