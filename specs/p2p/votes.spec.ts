import { Wallet } from 'ethers'
import { describe, expect, it } from 'vitest'
import { signVote, voterOf } from '../../protocols/crypto/vote.ts'
import { type Vote, VOTE_LIFE_MS, voteMessage, votesTopic } from '../../protocols/messages/vote.ts'
import { openVotes } from '../../protocols/p2p/votes.ts'
import { introduce, startNode, startPair, until, type TestNode } from './harness.ts'

const COMMUNITY = 'calle-mayor'
const TOPIC = votesTopic(COMMUNITY)
const DOMAIN = { chainId: 31_338, genesisHash: `0x${'ab'.repeat(32)}` }
const signer = new Wallet(`0x${'11'.repeat(32)}`)
const stranger = new Wallet(`0x${'22'.repeat(32)}`)

const voteFor = (number: number, by = signer): Promise<Vote> =>
  signVote(by, DOMAIN, { number, hash: `0x${number.toString(16).padStart(64, '0')}` })

/** A gateway that takes the signer's votes only, and gives what it took. */
async function listen(node: TestNode) {
  const heard: Vote[] = []
  const faults: unknown[] = []
  const votes = await openVotes(node, {
    community: COMMUNITY,
    judge: (vote) => {
      if (voterOf(DOMAIN, vote) !== signer.address.toLowerCase()) return 'reject'
      return heard.some(({ number }) => number === vote.number) ? 'ignore' : 'accept'
    },
    onVote: (vote) => heard.push(vote),
    page: (from) => heard.filter(({ number }) => number > from),
    from: () => 0,
    onFault: (thrown) => faults.push(thrown),
  })
  return { ...votes, heard, numbers: () => heard.map(({ number }) => number) }
}

describe('A vote', () => {
  it('counts for one chain only, the one with its id and its first block', async () => {
    const vote = await voteFor(7)
    expect(voterOf(DOMAIN, vote)).toBe(signer.address.toLowerCase())
    expect(voterOf({ ...DOMAIN, chainId: 1 }, vote)).not.toBe(signer.address.toLowerCase())
    const other = { ...DOMAIN, genesisHash: `0x${'cd'.repeat(32)}` }
    expect(voterOf(other, vote)).not.toBe(signer.address.toLowerCase())
    expect(voterOf(DOMAIN, { ...vote, number: 8 })).not.toBe(signer.address.toLowerCase())
    expect(voterOf(DOMAIN, { ...vote, signature: new Uint8Array(65) })).toBeNull()
  })

  it('reaches who is there by gossip, and who comes later by a pull', async () => {
    const { gateway, home } = await startPair()
    const [near, far] = [await listen(gateway), await listen(home)]
    await until('the home listens', () => gateway.gossip.listeners(TOPIC) === 1)
    await near.publish(await voteFor(1))
    await until('the home has it', () => far.heard.length === 1)
    near.heard.push(await voteFor(1), await voteFor(2))
    const late = await startNode()
    introduce(gateway, late)
    const later = await listen(late)
    await until('it pulled what it missed', () => later.heard.length === 2)
    expect(later.numbers()).toEqual([1, 2])
  })

  it('of nobody who signs, or kept for too long, is dropped', async () => {
    const { gateway, home } = await startPair()
    const near = await listen(gateway)
    await listen(home)
    await until('both listen', () => home.gossip.listeners(TOPIC) === 1)
    const say = (vote: Vote, expiresMs: number) =>
      home.gossip.publish(TOPIC, voteMessage.encode({ vote, expiresMs }))
    await say(await voteFor(1, stranger), Date.now() + 1_000)
    await say(await voteFor(2), Date.now() - 1)
    await say(await voteFor(3), Date.now() + 10 * VOTE_LIFE_MS)
    await say(await voteFor(4), Date.now() + 1_000)
    await until('the good one came', () => near.heard.length > 0)
    expect(near.numbers()).toEqual([4])
  })
})
