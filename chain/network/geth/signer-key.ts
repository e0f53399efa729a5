import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Wallet } from 'ethers'
import { Fault, messageOf } from '../../../protocols/rules/fault.ts'
import type { NodeFolder } from './node-folder.ts'

/**
 * The key that a node seals with, out of its encrypted keystore. Geth itself signs no typed data over its
 * socket, so that the voter beside the node opens the key itself. Faults: `no-signer`, `bad-keystore`.
 */
export async function signerKey({ path, card, keystore, passwordFile }: NodeFolder): Promise<Wallet> {
  const { signer, name } = card
  if (signer === null) throw new Fault('no-signer', `${path}: node ${name} seals no blocks`, { path })
  try {
    const file = readdirSync(keystore).find((each) => each.toLowerCase().endsWith(signer.slice(2)))
    const password = readFileSync(passwordFile, 'utf8').trim()
    const json = readFileSync(join(keystore, file ?? ''), 'utf8')
    const opened = await Wallet.fromEncryptedJson(json, password)
    return new Wallet(opened.privateKey)
  } catch (thrown) {
    const message = `${keystore}: the key of ${signer} cannot be opened (${messageOf(thrown)})`
    throw new Fault('bad-keystore', message, { path, signer })
  }
}
