import { keccak_256 } from '@noble/hashes/sha3.js'
import { bytesToHex, hexToBytes } from '@noble/hashes/utils.js'

const BLOOM_BYTES = 256
const BITS = 2_048
/** Each word sets three bits, by the first three pairs of bytes of its hash. */
const PAIRS = [0, 2, 4]

interface Logged {
  readonly address: string
  readonly topics: readonly string[]
}

/** The bloom of logs as a header carries it (yellow paper §4.3.1), hex: one log left out changes it. */
export function bloomOf(logs: readonly Logged[]): string {
  const bloom = new Uint8Array(BLOOM_BYTES)
  for (const word of new Set(logs.flatMap(({ address, topics }) => [address, ...topics]))) {
    const hash = keccak_256(hexToBytes(word.slice(2)))
    for (const at of PAIRS) {
      const bit = (((hash[at] ?? 0) << 8) | (hash[at + 1] ?? 0)) % BITS
      const place = BLOOM_BYTES - 1 - (bit >> 3)
      bloom[place] = (bloom[place] ?? 0) | (1 << (bit & 7))
    }
  }
  return `0x${bytesToHex(bloom)}`
}
