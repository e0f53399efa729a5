import { AbiCoder, concat, hexlify, id, keccak256, recoverAddress, Wallet } from 'ethers'
import { describe, expect, it } from 'vitest'
import { certificateSchema, makesFinal } from '../../protocols/crypto/certificate.ts'
import { rememberingVoters, signVote, type VoteDomain, voterOf } from '../../protocols/crypto/vote.ts'
import type { Vote } from '../../protocols/messages/vote.ts'

const hash = (byte: number): string => `0x${byte.toString(16).padStart(2, '0').repeat(32)}`
const domain: VoteDomain = { chainId: 31_338, genesisHash: hash(1) }
const wallets = [11, 12, 13].map((byte) => new Wallet(hash(byte)))
const accounts = wallets.map(({ address }) => address.toLowerCase())
const [wallet = new Wallet(hash(11))] = wallets
const account = wallet.address.toLowerCase()
const block = { number: 7, hash: hash(9) }

/** What EIP-712 has a signer sign for `Vote(uint64 number,bytes32 hash)`, put together by hand. */
function digestByHand(on: VoteDomain): string {
  const encode = (types: string[], values: unknown[]): string =>
    keccak256(AbiCoder.defaultAbiCoder().encode(types, values))
  const separator = encode(
    ['bytes32', 'bytes32', 'bytes32', 'uint256', 'bytes32'],
    [
      id('EIP712Domain(string name,string version,uint256 chainId,bytes32 salt)'),
      ...[id('Meterhood'), id('1'), on.chainId, on.genesisHash],
    ],
  )
  const struct = encode(
    ['bytes32', 'uint64', 'bytes32'],
    [id('Vote(uint64 number,bytes32 hash)'), block.number, block.hash],
  )
  return keccak256(concat(['0x1901', separator, struct]))
}

describe('a vote', () => {
  it('is what a wallet signs by EIP-712 for the block, the chain and its first block', async () => {
    const vote = await signVote(wallet, domain, block)
    expect(vote).toMatchObject(block)
    expect(recoverAddress(digestByHand(domain), hexlify(vote.signature))).toBe(wallet.address)
  })

  it('is its signer’s for this block of this chain alone', async () => {
    const vote = await signVote(wallet, domain, block)
    expect(voterOf(domain, vote)).toBe(account)
    expect(voterOf({ ...domain, chainId: 1 }, vote)).not.toBe(account)
    expect(voterOf({ ...domain, genesisHash: hash(2) }, vote)).not.toBe(account)
    expect(voterOf(domain, { ...vote, number: 8 })).not.toBe(account)
    expect(voterOf(domain, { ...vote, hash: hash(8) })).not.toBe(account)
  })

  it('is nobody’s when its signature is none', () => {
    expect(voterOf(domain, { ...block, signature: new Uint8Array(65) })).toBeNull()
    expect(voterOf(domain, { ...block, signature: new Uint8Array(3) })).toBeNull()
  })
})

describe('voters that are remembered', () => {
  /** A vote that counts how often its signature is looked at: twice where its voter is worked out. */
  async function watched(signature?: Uint8Array) {
    const cast = signature === undefined ? await signVote(wallet, domain, block) : { ...block, signature }
    let looks = 0
    const vote: Vote = {
      ...block,
      get signature() {
        looks += 1
        return cast.signature
      },
    }
    return { vote, looked: () => looks }
  }

  it('are worked out once while they are among the newest', async () => {
    const voters = rememberingVoters(2)
    const { vote, looked } = await watched()
    expect([voters(domain, vote), voters(domain, vote)]).toEqual([account, account])
    expect(looked()).toBe(3)
    const unsigned = (byte: number) => ({ ...block, signature: new Uint8Array(65).fill(byte) })
    voters(domain, unsigned(1))
    voters(domain, vote)
    expect(looked()).toBe(4)
    voters(domain, unsigned(2))
    voters(domain, vote)
    expect(looked()).toBe(6)
  })

  it('are remembered to be nobody too', async () => {
    const voters = rememberingVoters(2)
    const { vote, looked } = await watched(new Uint8Array(65))
    expect([voters(domain, vote), voters(domain, vote)]).toEqual([null, null])
    expect(looked()).toBe(3)
  })

  it('are told apart by chain, first block, height and hash', async () => {
    const voters = rememberingVoters(9)
    const vote = await signVote(wallet, domain, block)
    expect(voters(domain, vote)).toBe(account)
    expect(voters({ ...domain, chainId: 1 }, vote)).not.toBe(account)
    expect(voters({ ...domain, genesisHash: hash(2) }, vote)).not.toBe(account)
    expect(voters(domain, { ...vote, number: 8 })).not.toBe(account)
    expect(voters(domain, { ...vote, hash: hash(8) })).not.toBe(account)
  })
})

describe('a certificate', () => {
  const signatures = async (voting: readonly Wallet[], of = block) => {
    const votes = await Promise.all(voting.map((each) => signVote(each, domain, of)))
    return votes.map(({ signature }) => ({ signature: hexlify(signature) }))
  }

  it('makes a block final with the votes of two of three signers for it, not with one', async () => {
    const votes = await signatures(wallets.slice(1))
    expect(makesFinal(domain, { ...block, votes }, accounts)).toBe(true)
    expect(makesFinal(domain, { ...block, votes: votes.slice(1) }, accounts)).toBe(false)
    expect(makesFinal({ ...domain, chainId: 1 }, { ...block, votes }, accounts)).toBe(false)
  })

  it('counts neither what is no signature nor a vote for another block', async () => {
    const none = { signature: `0x${'00'.repeat(65)}` }
    const [vote = none] = await signatures(wallets.slice(1))
    const [other = none] = await signatures(wallets.slice(0, 1), { ...block, number: 8 })
    expect(makesFinal(domain, { ...block, votes: [vote, none] }, accounts)).toBe(false)
    expect(makesFinal(domain, { ...block, votes: [vote, other] }, accounts)).toBe(false)
  })

  it('is written down with a height, 32 bytes and at most 64 signatures of 65 bytes', () => {
    const signature = `0x${'ab'.repeat(65)}`
    const certificate = { ...block, votes: [{ signature }] }
    const reads = (change: object) => certificateSchema.safeParse({ ...certificate, ...change }).success
    expect(reads({})).toBe(true)
    expect(reads({ number: 0 })).toBe(true)
    expect(reads({ votes: Array.from({ length: 64 }, () => ({ signature })) })).toBe(true)
    expect(reads({ votes: Array.from({ length: 65 }, () => ({ signature })) })).toBe(false)
    expect([-1, 0.5].some((number) => reads({ number }))).toBe(false)
    const hashes = [
      `0x${'a'.repeat(63)}`,
      `0x${'a'.repeat(65)}`,
      `0x${'A'.repeat(64)}`,
      `x0x${'a'.repeat(64)}`,
    ]
    expect(hashes.some((each) => reads({ hash: each }))).toBe(false)
    const others = [signature.slice(1), signature.slice(0, -1), `${signature}0`]
    expect(others.some((each) => reads({ votes: [{ signature: each }] }))).toBe(false)
    expect(reads({ votes: [{}] })).toBe(false)
  })
})
