import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { certificateSchema, type Certificate } from '../protocols/crypto/certificate.ts'
import { writeDurably } from './network/chain-folder.ts'

/** Where each gateway keeps the newest block that it knows to be final, for whoever has no database. */
export const certificateFile = (gateway: string): string => join(gateway, 'certificate.json')

export const writeCertificate = (gateway: string, certificate: Certificate): Promise<void> =>
  writeDurably(certificateFile(gateway), `${JSON.stringify(certificate)}\n`)

/** The certificate of a file; null when it is missing or none. */
export async function readCertificate(file: string): Promise<Certificate | null> {
  try {
    return certificateSchema.parse(JSON.parse(await readFile(file, 'utf8')))
  } catch {
    return null
  }
}
