import { secp256k1 } from '@noble/curves/secp256k1.js'
import { sealedHash } from '../../chain/verify/seals.ts'
import { accountOf } from '../../chain/verify/sender.ts'
import type { WireHeader } from '../../chain/verify/wire.ts'

export const ZERO = `0x${'0'.repeat(64)}`
const NOBODY = `0x${'0'.repeat(40)}`
export const VANITY = '0'.repeat(64)
export const NO_SEAL = '0'.repeat(130)

/** Somebody who seals blocks. */
export interface Signer {
  readonly secret: Uint8Array
  readonly account: string
}

/** Five signers in the order of their addresses, as Clique has them. */
export const SIGNERS: readonly Signer[] = [11, 12, 13, 14, 15]
  .map((byte) => {
    const secret = new Uint8Array(32).fill(byte)
    return { secret, account: accountOf(secp256k1.getPublicKey(secret, false)) }
  })
  .sort((a, b) => (a.account < b.account ? -1 : 1))

/** A header as a node serves it, without a seal. */
export function header(number: number, fields: Partial<WireHeader> = {}): WireHeader {
  return {
    number: BigInt(number),
    hash: ZERO,
    parentHash: ZERO,
    sha3Uncles: ZERO,
    miner: NOBODY,
    stateRoot: ZERO,
    transactionsRoot: ZERO,
    receiptsRoot: ZERO,
    logsBloom: `0x${'0'.repeat(512)}`,
    difficulty: 1n,
    gasLimit: 0n,
    gasUsed: 0n,
    timestamp: 0n,
    extraData: `0x${VANITY}${NO_SEAL}`,
    mixHash: ZERO,
    nonce: '0x0000000000000000',
    baseFeePerGas: 0n,
    ...fields,
  }
}

/** A block of `signers[index]`, with the difficulty its turn asks for. */
export function sealed(
  number: number,
  index: number,
  signers: readonly Signer[],
  fields: Partial<WireHeader> = {},
): WireHeader {
  const difficulty = number % signers.length === index ? 2n : 1n
  const draft = header(number, { difficulty, ...fields })
  const secret = signers[index]?.secret ?? new Uint8Array()
  const signature = secp256k1.sign(sealedHash(draft), secret, { prehash: false, format: 'recovered' })
  const [recovery = 0, ...rs] = signature
  const seal = Buffer.from([...rs, recovery]).toString('hex')
  return { ...draft, extraData: `${draft.extraData.slice(0, -130)}${seal}` }
}
