import { getAddress, keccak256, toUtf8Bytes, verifyTypedData } from 'ethers'
import type { TypedDataSigner } from '../../protocols/crypto/registration.ts'

/** What is signed of an archive, and put on the chain: the arguments of `Archive.anchor`. */
export interface Anchorable {
  /** Height of the newest block that it holds, and its hash. */
  readonly height: number
  readonly blockHash: string
  readonly root: string
  /** Root of the archive before it; zeros for the first. */
  readonly previous: string
  /** First block of the chain that begins from it; zeros where none can. */
  readonly next: string
}

/** The chain and the contract that a signature counts for. */
export interface AnchorPlace {
  readonly chainId: number
  /** The contract that keeps roots. */
  readonly archive: string
}

const TYPES = {
  Archive: [
    { name: 'height', type: 'uint64' },
    { name: 'blockHash', type: 'bytes32' },
    { name: 'root', type: 'bytes32' },
    { name: 'previous', type: 'bytes32' },
    { name: 'next', type: 'bytes32' },
  ],
}

const domainOf = ({ chainId, archive }: AnchorPlace) => {
  return { name: 'Meterhood archive', version: '1', chainId, verifyingContract: getAddress(archive) }
}

/** The root of a statement: Keccak-256 of its text. */
export const statementRoot = (statement: unknown): string => keccak256(toUtf8Bytes(JSON.stringify(statement)))

export const signAnchorable = (
  place: AnchorPlace,
  anchorable: Anchorable,
  signer: TypedDataSigner,
): Promise<string> => signer.signTypedData(domainOf(place), TYPES, { ...anchorable })

/** The account that signed, lower-case; null when it is no signature. */
export function anchorSigner(place: AnchorPlace, anchorable: Anchorable, signature: string): string | null {
  try {
    return verifyTypedData(domainOf(place), TYPES, { ...anchorable }, signature).toLowerCase()
  } catch {
    return null
  }
}
