import { setTimeout as sleep } from 'node:timers/promises'
import { z } from 'zod'
import { signersOf } from '../../chain/network/geth/clique.ts'
import type { GethNode } from '../../chain/network/geth/process.ts'
import { sealerOf } from '../../chain/verify/seals.ts'
import { systemRandom } from '../../bin/clock.ts'
import { Fault } from '../../protocols/rules/fault.ts'
import { forge, keyOf, offer } from './forge.ts'
import { blocksMore, headerAt, headOf, PERIOD_S, untilBlock, type Ground, type Measured } from './ground.ts'

const ALONE_MS = 8_000
const IN_TURN = 2n
const OUT_OF_TURN = 1n
const FORGED_ROOT = `0x${'ab'.repeat(32)}`

/** Words of Geth’s own refusals. */
const WHY = {
  twice: 'recently signed',
  stranger: 'unauthorized signer',
  state: 'invalid merkle root',
} as const

const isRefused = (words: string | null, why: string): boolean => words?.includes(why) === true

/** Whose turn a height is: the signers in the order of their addresses. */
function difficultyOf(signers: readonly string[], who: string, number: bigint): bigint {
  const at = [...signers].sort().indexOf(who)
  return number % BigInt(signers.length) === BigInt(at) ? IN_TURN : OUT_OF_TURN
}

/** A signer that may seal on top of this block: it is none of those that sealed of late. */
async function freeSigner(ground: Ground, on: number): Promise<GethNode> {
  const { signers } = ground
  const recent: (string | null)[] = []
  for (let back = 0; back < Math.floor(signers.length / 2); back += 1) {
    recent.push(sealerOf(await headerAt(ground, on - back)))
  }
  const found = signers.find(({ folder }) => !recent.includes(folder.card.signer))
  if (found === undefined) throw new Fault('impossible', 'every signer sealed of late')
  return found
}

/** Blocks by a signer’s own key that honest Geth would not make: what an honest node says to them. */
async function forgeries(ground: Ground) {
  const { follower, chain } = ground
  await blocksMore(ground, chain.signers.length)
  const on = (await headOf(follower.ipc)) - 2
  const parent = await headerAt(ground, on)
  const bad = await freeSigner(ground, on)
  const who = bad.folder.card.signer ?? ''
  const key = await keyOf(bad)
  const by = (number: bigint) => difficultyOf(chain.signers, who, number)
  const one = forge(parent, { key, difficulty: by(parent.number + 1n), periodS: PERIOD_S })
  const two = forge(one, { key, difficulty: by(one.number + 1n), periodS: PERIOD_S })
  const false_ = forge(parent, {
    ...{ key, periodS: PERIOD_S, stateRoot: FORGED_ROOT },
    difficulty: by(parent.number + 1n),
  })
  const stranger = forge(parent, { key: systemRandom(32), difficulty: OUT_OF_TURN, periodS: PERIOD_S })
  return {
    one: await offer(follower, [one]),
    two: await offer(follower, [one, two]),
    state: await offer(follower, [false_]),
    stranger: await offer(follower, [stranger]),
  }
}

/** How many blocks one signer makes while all others are frozen. */
async function aloneBlocks({ chain, signers }: Ground): Promise<number> {
  const [bad, ...others] = signers
  const names = others.map(({ name }) => name)
  if (bad === undefined) return 0
  chain.signal('SIGSTOP', names)
  try {
    const before = await headOf(bad.ipc)
    await sleep(ALONE_MS)
    return (await headOf(bad.ipc)) - before
  } finally {
    chain.signal('SIGCONT', names)
  }
}

/** The honest vote the bad signer out; how many blocks and seconds until it is none any more. */
async function voteOut(ground: Ground) {
  const { signers, follower } = ground
  const [bad, ...honest] = signers
  const address = bad?.folder.card.signer ?? ''
  const from = await headOf(follower.ipc)
  const began = performance.now()
  for (const { ipc } of honest) await ipc.ask('clique_propose', [address, false], z.unknown())
  while ((await signersOf(follower.ipc)).includes(address)) await sleep(100)
  const blocks = (await headOf(follower.ipc)) - from
  return { blocks, seconds: Math.round((performance.now() - began) / 100) / 10 }
}

/** Table 2: "Any signer may only mint 1 block out of every K. Damage is limited. Signer can be voted out." */
export async function malicious(ground: Ground): Promise<Measured> {
  const { follower, signers, tell } = ground
  tell('malicious   a signer’s key seals blocks that it may not')
  const said = await forgeries(ground)
  tell('malicious   a signer is left alone')
  const alone = await aloneBlocks(ground)
  await untilBlock(follower.ipc, (await headOf(follower.ipc)) + 2)
  tell('malicious   the others vote it out')
  const out = await voteOut(ground)
  const figures = {
    ownSideBlockTaken: said.one === null,
    secondInARowRefused: isRefused(said.two, WHY.twice),
    falseStateRefused: isRefused(said.state, WHY.state),
    strangerRefused: isRefused(said.stranger, WHY.stranger),
    blocksAlone: alone,
    blocksUntilVotedOut: out.blocks,
    secondsUntilVotedOut: out.seconds,
  }
  const refused = figures.secondInARowRefused && figures.falseStateRefused && figures.strangerRefused
  return {
    figures,
    effect:
      `an honest node refuses its second block in a row, a false state and a stranger's seal; ` +
      `blocks it made alone: ${alone}; ${signers.length - 1} others voted it out in ${out.blocks} blocks ` +
      `(${out.seconds} s)`,
    claimHolds: refused && alone <= 1 ? 'yes' : 'no',
  }
}
