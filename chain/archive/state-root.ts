import { createMPT } from '@ethereumjs/mpt'
import { RLP } from '@ethereumjs/rlp'
import { keccak_256 } from '@noble/hashes/sha3.js'
import { bytesToHex, hexToBytes } from '@noble/hashes/utils.js'
import { z } from 'zod'

const word = z.string().regex(/^0x[0-9a-f]{64}$/)

/** An account as an archive holds it. */
export const accountSchema = z.object({
  address: z.string().regex(/^0x[0-9a-f]{40}$/),
  nonce: z.number().int().min(0),
  /** Wei, decimal. */
  balance: z.string().regex(/^\d{1,78}$/),
  code: z.string().regex(/^0x([0-9a-f]{2})*$/),
  /** Words that are not 0, by their places. */
  storage: z.record(word, word),
})
export type ArchivedAccount = z.infer<typeof accountSchema>

const bytesOf = (hex: string): Uint8Array => hexToBytes(hex.slice(2))
const trimmed = (hex: string): Uint8Array => bytesOf(hex.replace(/^0x(00)*/, '0x'))

async function storageRoot(storage: ArchivedAccount['storage']): Promise<Uint8Array> {
  const trie = await createMPT({ useKeyHashing: true })
  for (const [place, value] of Object.entries(storage)) {
    await trie.put(bytesOf(place), RLP.encode(trimmed(value)))
  }
  return trie.root()
}

/** The root that a header commits to when these are all accounts of a chain. */
export class StateRoot {
  readonly #trie = createMPT({ useKeyHashing: true })

  async add({ address, nonce, balance, code, storage }: ArchivedAccount): Promise<void> {
    const trie = await this.#trie
    const fields = [nonce, BigInt(balance), await storageRoot(storage), keccak_256(bytesOf(code))]
    await trie.put(bytesOf(address), RLP.encode(fields))
  }

  async value(): Promise<string> {
    return `0x${bytesToHex((await this.#trie).root())}`
  }
}
