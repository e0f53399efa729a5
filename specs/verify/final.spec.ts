import { hexlify, Wallet } from 'ethers'
import { describe, expect, it } from 'vitest'
import { createFinalWatch } from '../../chain/verify/final.ts'
import type { Past } from '../../chain/verify/past.ts'
import { createFindings } from '../../chain/verify/report.ts'
import { signVote, type VoteDomain } from '../../protocols/crypto/vote.ts'

const hash = (byte: number): string => `0x${byte.toString(16).padStart(2, '0').repeat(32)}`
const domain: VoteDomain = { chainId: 31_338, genesisHash: hash(1) }
const wallets = [11, 12, 13, 14, 15].map((byte) => new Wallet(hash(byte)))
const accounts = wallets.map(({ address }) => address.toLowerCase())

/** A certificate of some wallets' votes. */
async function certificate(number: number, byte: number, voting: readonly Wallet[], on = domain) {
  const cast = await Promise.all(voting.map((each) => signVote(each, on, { number, hash: hash(byte) })))
  return { number, hash: hash(byte), votes: cast.map(({ signature }) => ({ signature: hexlify(signature) })) }
}
type Given = Awaited<ReturnType<typeof certificate>>

/** What is said of certificates by who walked a chain of ten blocks, the hash of each its height. */
function judged(given: readonly Given[], signers: readonly string[] = accounts, past: Past | null = null) {
  const findings = createFindings()
  const watch = createFinalWatch(given, domain, past, findings)
  for (let height = 0; height <= 10; height += 1) watch.see(height, hash(height), signers)
  return { final: watch.judge(10), codes: findings.faults.map(({ code }) => code) }
}

describe('certificates of finality', () => {
  it('prove a block final with four of five signers, and with two of three', async () => {
    expect(judged([await certificate(7, 7, wallets.slice(1))])).toEqual({ final: 7, codes: [] })
    const three = accounts.slice(0, 3)
    expect(judged([await certificate(7, 7, wallets.slice(0, 2))], three)).toEqual({ final: 7, codes: [] })
  })

  it('prove nothing with too few votes, one counted twice, or one of a stranger', async () => {
    const [first, second, third] = wallets
    if (first === undefined || second === undefined || third === undefined) throw new Error('no wallets')
    for (const voting of [
      wallets.slice(2),
      [first, first, second, third],
      [first, second, third, stranger],
    ]) {
      expect(judged([await certificate(7, 7, voting)])).toEqual({ final: null, codes: ['certificate'] })
    }
  })

  it('count no vote of another community on a chain of the same id', async () => {
    const other = await certificate(7, 7, wallets, { ...domain, genesisHash: hash(2) })
    expect(judged([other])).toEqual({ final: null, codes: ['certificate'] })
  })

  it('show a node that serves another block in the place of a final one, or an old head', async () => {
    expect(judged([await certificate(7, 9, wallets)])).toEqual({ final: null, codes: ['final'] })
    expect(judged([await certificate(11, 11, wallets)])).toEqual({ final: null, codes: ['final'] })
  })

  it('hold for blocks that are in an archive by now', async () => {
    const past: Past = {
      ...{ origin: hash(1), base: 40, community: '', transactions: [] },
      hashAt: (height) => (height === 20 ? hash(20) : undefined),
    }
    expect(judged([await certificate(20, 20, wallets)], accounts, past)).toEqual({ final: 20, codes: [] })
    expect(judged([await certificate(20, 21, wallets)], accounts, past).codes).toEqual(['final'])
  })
})

const stranger = new Wallet(hash(99))
