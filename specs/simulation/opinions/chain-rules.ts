import { feeFor, replacementFee } from '../../../chain/proxy/fees.ts'
import { cutAfter, extend, joined, NO_TRAIL, type Trail } from '../../../chain/proxy/trail.ts'
import { certificateOf, createVoteBook, quorumNow } from '../../../protocols/rules/certificates.ts'
import { createSealWitness } from '../../../protocols/rules/equivocation.ts'
import { backOffMs, reportWindowMs } from '../../../protocols/rules/link-timing.ts'
import { quorumOf, sealersOf, toleratedOf, votableBlock } from '../../../protocols/rules/quorum.ts'
import type { Chance } from '../chance.ts'
import type { Ask } from './asked.ts'

/** By the number of signers: who may lie, the votes of a certificate, sealers before a vote (DESIGN §7). */
const TABLE: readonly (readonly [number, number, number])[] = [
  [0, 1, 1],
  [0, 1, 1],
  [0, 2, 2],
  [0, 2, 2],
  [1, 3, 3],
  [1, 4, 3],
  [1, 4, 4],
  [2, 5, 4],
  [2, 6, 5],
]

export function askQuorum(ask: Ask, chance: Chance): void {
  const signers = chance.whole(1, 8)
  const row = TABLE[signers]
  ask(
    'quorums',
    signers,
    () => [toleratedOf(signers), quorumOf(signers), sealersOf(signers)],
    () => row,
  )
  const names = Array.from({ length: signers }, (_, index) => `signer ${index}`)
  const branch = Array.from({ length: chance.whole(0, 6) }, (_, index) => {
    return { number: 20 - index, hash: `0x${20 - index}`, sealer: chance.pick([...names, 'stranger']) }
  })
  ask(
    'quorums',
    { branch, names },
    () => votableBlock(branch, names),
    () => {
      const enough = branch.findIndex((_, index) => {
        const sealers = branch.slice(0, index + 1).map(({ sealer }) => sealer)
        return names.filter((name) => sealers.includes(name)).length >= (row?.[2] ?? 0)
      })
      return branch[enough] ?? null
    },
  )
  const heard = names.filter(() => chance.hits(700_000))
  ask(
    'quorums',
    { names, heard },
    () => quorumNow(names, (name) => heard.includes(name)),
    () => {
      const missing = names.filter((name) => !heard.includes(name))
      return { signers: names, missing, isReached: heard.length >= (row?.[1] ?? 0) }
    },
  )
}

export function askVotes(ask: Ask, chance: Chance): void {
  const names = ['a', 'b', 'c', 'd']
  const votes = Array.from({ length: chance.whole(1, 8) }, () => {
    const number = chance.whole(1, 3)
    return { signer: chance.pick(names), number, hash: `0x${number}${chance.pick(['x', 'x', 'y'])}` }
  })
  const distinct = votes.filter(({ signer, hash }, index) => {
    return votes.findIndex((one) => one.signer === signer && one.hash === hash) === index
  })
  const of = votes.at(-1) ?? { signer: '', number: 0, hash: '' }
  const given = { votes, of }
  const book = createVoteBook<(typeof votes)[number]>()
  const said = votes.map((vote) => book.add(vote))
  ask(
    'votes',
    given,
    () => said,
    () => {
      return votes.map((vote, index) => {
        const before = votes.slice(0, index).filter(({ signer }) => signer === vote.signer)
        const isNew = before.every(({ hash }) => hash !== vote.hash)
        return {
          isNew,
          excludes: isNew ? (before.find(({ number }) => number === vote.number) ?? null) : null,
        }
      })
    },
  )
  const own = distinct.filter(({ hash }) => hash === of.hash)
  const bySigner = (list: typeof votes) => [...list].sort((a, b) => (a.signer < b.signer ? -1 : 1))
  ask(
    'votes',
    given,
    () => bySigner(book.forBlock(of.number, of.hash)),
    () => bySigner(own),
  )
  ask(
    'votes',
    given,
    () => [book.knows(of), book.knows({ ...of, hash: '0x0' })],
    () => [true, false],
  )
  ask(
    'votes',
    given,
    () =>
      book
        .blocksAbove(1)
        .map(({ hash }) => hash)
        .sort(),
    () => {
      return [...new Set(votes.filter(({ number }) => number > 1).map(({ hash }) => hash))].sort()
    },
  )
  ask(
    'votes',
    given,
    () => book.newestOf(of.signer)?.number,
    () => {
      return Math.max(...votes.filter(({ signer }) => signer === of.signer).map(({ number }) => number))
    },
  )
  ask(
    'votes',
    given,
    () => certificateOf(own, names)?.length ?? null,
    () => {
      return own.length >= (TABLE[4]?.[1] ?? 0) ? own.length : null
    },
  )
}

/** A book holds the newest 256 votes of a signer, and those of 64 signers. */
export function askFullBooks(ask: Ask): void {
  const vote = (signer: string, number: number) => ({ signer, number, hash: `0x${number}` })
  const book = createVoteBook<ReturnType<typeof vote>>()
  for (let number = 1; number <= 257; number += 1) book.add(vote('a', number))
  ask(
    'votes',
    'a full book',
    () => [book.knows(vote('a', 1)), book.knows(vote('a', 2))],
    () => [false, true],
  )
  for (let other = 1; other <= 64; other += 1) book.add(vote(`signer ${other}`, 1))
  ask(
    'votes',
    'too many signers',
    () => [book.knows(vote('a', 257)), book.knows(vote('signer 1', 1))],
    () => [false, true],
  )
  const witness = createSealWitness()
  const seal = (number: number, hash: string) => ({ number, hash, sealer: 'a' })
  for (let number = 1; number <= 1_025; number += 1) witness.see(seal(number, '0x1'))
  ask(
    'seals',
    'old heights',
    () => [witness.see(seal(2, '0x2'))?.hash ?? null, witness.see(seal(1, '0x2'))],
    () => ['0x1', null],
  )
}

export function askSeals(ask: Ask, chance: Chance): void {
  const seals = Array.from({ length: chance.whole(2, 7) }, () => {
    const [number, sealer] = [chance.whole(1, 2), chance.pick(['a', 'b'])]
    return { number, hash: `0x${number}${sealer}${chance.pick(['x', 'y'])}`, sealer }
  })
  const witness = createSealWitness()
  ask(
    'seals',
    seals,
    () => seals.map((seal) => witness.see(seal)),
    () => {
      return seals.map((seal, index) => {
        const before = seals.slice(0, index).filter(({ number }) => number === seal.number)
        if (before.some(({ hash }) => hash === seal.hash)) return null
        return before.find(({ sealer }) => sealer === seal.sealer) ?? null
      })
    },
  )
}

export function askLinkTiming(ask: Ask, chance: Chance): void {
  const attempt = chance.whole(0, 14)
  const waits = [500, 500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000]
  ask(
    'link timing',
    attempt,
    () => backOffMs(attempt),
    () => waits[attempt] ?? 30_000,
  )
  const sampleMs = chance.pick([500, 799, 800, 803, 60_000, 120_000, 120_001, 900_000])
  ask(
    'link timing',
    sampleMs,
    () => reportWindowMs(sampleMs),
    () => {
      const half = (sampleMs - (sampleMs % 2)) / 2
      return half < 400 ? 400 : half > 60_000 ? 60_000 : half
    },
  )
}

/** Fees about the cap: never above it, and never more than is needed for five full blocks. */
export function askFees(ask: Ask, chance: Chance): void {
  const rules = { tipWei: BigInt(chance.pick([1, 10])), capWei: 1_000n }
  const base = BigInt(chance.pick([0, 1, 7, 494, 495, 499, 500, 501, 989, 990, 991, 998, 999, 1_000]))
  ask(
    'fees',
    { base, rules },
    () => feeFor(base, rules),
    () => {
      if (base + rules.tipWei > 1_000n) return undefined
      const twice = base + base + rules.tipWei
      return { maxFeeWei: twice < 1_000n ? twice : 1_000n, tipWei: rules.tipWei }
    },
  )
  const before = {
    maxFeeWei: BigInt(chance.pick([1, 8, 15, 880, 888, 889, 900])),
    tipWei: BigInt(chance.pick([1, 8, 15, 16])),
  }
  ask(
    'fees',
    { before, base, rules },
    () => replacementFee(before, base, rules),
    () => {
      const eighth = (wei: bigint): bigint => (wei - (wei % 8n)) / 8n
      const tipWei = before.tipWei + eighth(before.tipWei) + 1n
      const more = before.maxFeeWei + eighth(before.maxFeeWei) + 1n
      const covers = base + base + tipWei
      const maxFeeWei = more > covers ? more : covers
      return maxFeeWei <= 1_000n ? { maxFeeWei, tipWei } : undefined
    },
  )
}

/**
 * A trail holds the newest eight before the last, and of older ones the first of ever wider stretches; looked
 * through at every eighth block, and added to between.
 */
function trailThen(numbers: readonly number[], next: number): number[] {
  const follows = numbers.length > 0 && numbers[numbers.length - 1] === next - 1
  if (follows && next & 7) return [...numbers, next]
  let last = ''
  const kept = numbers.filter((number) => {
    const age = next - number
    if (age <= 0) return false
    let width = 1
    while (width < age / 4) width *= 2
    const stretch = age < 9 ? `${number}` : `${width} wide, ${Math.floor(number / width)}`
    const isFirst = stretch !== last
    last = stretch
    return isFirst
  })
  return [...kept, next]
}

export function askTrail(ask: Ask, chance: Chance): void {
  let [trail, numbers]: [Trail, number[]] = [NO_TRAIL, []]
  const head = chance.pick([3, 9, 40, 70])
  for (let number = 1; number <= head; number += 1) {
    trail = extend(trail, { number, hash: `0x${number}` })
    numbers = trailThen(numbers, number)
  }
  ask(
    'trails',
    head,
    () => trail.map(({ number }) => number),
    () => numbers,
  )
  const cut = chance.whole(0, head)
  ask(
    'trails',
    { head, cut },
    () => cutAfter(trail, cut),
    () => trail.flatMap((ref) => (ref.number > cut ? [] : [ref])),
  )
  const again = { number: Math.max(1, head - 3), hash: '0xother' }
  ask(
    'trails',
    again,
    () => extend(trail, again).filter(({ number }) => number >= again.number),
    () => [again],
  )
  askJoined(ask, chance, trail)
}

/** Who applied `own` and passed what came after has all that it had before the others begin. */
function askJoined(ask: Ask, chance: Chance, trail: Trail): void {
  const own = trail.slice(0, chance.whole(0, trail.length + 1))
  const shared = trail.slice(chance.whole(0, trail.length + 1))
  ask(
    'trails',
    { own, shared },
    () => joined(own, shared),
    () => {
      const begins = shared.length === 0 ? Infinity : Math.min(...shared.map(({ number }) => number))
      return [...own, ...shared].filter((ref, index) => index >= own.length || ref.number < begins)
    },
  )
}
