import { RLP } from '@ethereumjs/rlp'
import { keccak_256 } from '@noble/hashes/sha3.js'
import { bytesOf, headerFields } from './encode.ts'
import { recoverFrom65 } from './sender.ts'
import type { WireHeader } from './wire.ts'

/** Clique (EIP-225): 32 bytes of vanity, the signers in order at an epoch block, then a 65-byte seal. */
const VANITY_BYTES = 32
const SEAL_BYTES = 65
const EXTRA_DATA_FIELD = 12

/** Who sealed a Clique block, or null when its extra data holds no seal (the embedded chain has none). */
export function sealerOf(header: WireHeader): string | null {
  const extra = bytesOf(header.extraData)
  if (extra.length < VANITY_BYTES + SEAL_BYTES) return null
  return recoverFrom65(sealedHash(header), extra.subarray(extra.length - SEAL_BYTES))
}

/** What a Clique signer signs: the hash of the header without the seal at the end of its extra data. */
export function sealedHash(header: WireHeader): Uint8Array {
  const fields = headerFields(header)
  fields[EXTRA_DATA_FIELD] = bytesOf(header.extraData).subarray(0, -SEAL_BYTES)
  return keccak_256(RLP.encode(fields))
}

/** The signers that a genesis or epoch block lists, lower-case. */
export function listedSigners(header: WireHeader): string[] {
  const hex = header.extraData.slice(2 + 2 * VANITY_BYTES, -2 * SEAL_BYTES)
  return (hex.match(/.{40}/g) ?? []).map((address) => `0x${address}`)
}

/** Checks block after block, from the first, that its seal is one the signers of that moment may give. */
export interface SealWatch {
  /** What is wrong with the seal of the next header, or null: also null on a chain without seals. */
  check(header: WireHeader): string | null
  /** Who may seal after the newest header, lower-case. */
  signers(): readonly string[]
}

/** Votes of the header's nonce (EIP-225). */
const VOTE_ADD = '0xffffffffffffffff'
const VOTE_DROP = '0x0000000000000000'
const NOBODY = `0x${'0'.repeat(40)}`

interface Ballot {
  readonly signer: string
  readonly candidate: string
  readonly add: boolean
}

/**
 * Follows the signers of a Clique chain as EIP-225 has it: the first block lists them, votes in headers
 * change them, a signer seals at most one block in ⌊N/2⌋+1, and difficulty is 2 in turn, 1 out of turn.
 */
export function createSealWatch(): SealWatch {
  let signers: readonly string[] = []
  let ballots: readonly Ballot[] = []
  let recent: readonly string[] = []
  const check = (header: WireHeader): string | null => {
    const listed = listedSigners(header)
    if (header.number === 0n) signers = [...listed].sort()
    if (header.number === 0n || signers.length === 0) return null
    const sealer = sealerOf(header)
    const fault = faultOfSeal(header, sealer, signers, recent)
    if (listed.length > 0) ballots = []
    if (sealer !== null) {
      ;[signers, ballots] = afterVote(signers, ballots, ballotOf(header, sealer))
      recent = [sealer, ...recent].slice(0, Math.floor(signers.length / 2))
    }
    if (fault !== null || listed.length === 0) return fault
    return listed.join() === signers.join() ? null : 'the list of signers is not the one the votes led to'
  }
  return { check, signers: () => signers }
}

function faultOfSeal(
  header: WireHeader,
  sealer: string | null,
  signers: readonly string[],
  recent: readonly string[],
): string | null {
  if (sealer === null) return 'it carries no seal'
  if (!signers.includes(sealer)) return `it is sealed by ${sealer}, who is no signer`
  if (recent.includes(sealer)) return `${sealer} sealed again before its turn came round`
  const inTurn = header.number % BigInt(signers.length) === BigInt(signers.indexOf(sealer))
  return header.difficulty === (inTurn ? 2n : 1n)
    ? null
    : 'its difficulty does not fit the turn of its sealer'
}

function ballotOf(header: WireHeader, signer: string): Ballot | null {
  if (header.miner === NOBODY) return null
  if (header.nonce !== VOTE_ADD && header.nonce !== VOTE_DROP) return null
  return { signer, candidate: header.miner, add: header.nonce === VOTE_ADD }
}

function afterVote(
  signers: readonly string[],
  before: readonly Ballot[],
  ballot: Ballot | null,
): [readonly string[], readonly Ballot[]] {
  if (ballot === null || ballot.add === signers.includes(ballot.candidate)) return [signers, before]
  const { signer, candidate } = ballot
  const others = before.filter((cast) => cast.signer !== signer || cast.candidate !== candidate)
  const ballots = [...others, ballot]
  const votes = ballots.filter((cast) => cast.candidate === candidate).length
  if (votes <= signers.length / 2) return [signers, ballots]
  const kept = ballots.filter((cast) => cast.candidate !== candidate)
  if (ballot.add) return [[...signers, candidate].sort(), kept]
  return [signers.filter((each) => each !== candidate), kept.filter((cast) => cast.signer !== candidate)]
}
