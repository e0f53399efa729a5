import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { signerVoterMachine } from '../../actors/signer-voter/machine.ts'
import { bundleChild } from '../delegation/child-bundle.ts'
import { leafStates } from '../machines/coverage.ts'
import { count } from '../machines/inspection.mjs'
import { SIGNERS } from '../verify/sealed.ts'
import { ACCOUNTS, type Blocks, CliqueNode, longer } from './clique-node.ts'
import { Undying } from './undying.ts'
import { type Death, HOOKS } from './wire.ts'

/*
 * The gateway of a signer is killed while its voter is in every state, at every moment of it. In the end it
 * has voted for the same blocks, seals again, and told its people the same. `npm test` tries a sample by
 * METERHOOD_SEED, METERHOOD_CRASHES=all every state at every moment.
 */

const ALL = process.env['METERHOOD_CRASHES'] === 'all'
const SEED = Number(process.env['METERHOOD_SEED'] ?? Date.now() % 1_000_000)
const SAMPLE = 4
const BLOCK_PERIOD_MS = 100
const POLL_MS = 10
const LONGEST_MS = 20_000

const tells = z.object({
  leaves: z.array(z.string()),
  highest: z.number(),
  evidence: z.array(z.string()),
  snapshot: z.string(),
})
type Told = z.infer<typeof tells>
const WISH = { certified: null as { number: number; hash: string } | null, liars: [] as readonly string[] }
type Voter = Undying<Told, typeof WISH>

/** Only these reach out of the gateway. */
const REACHING = ['branch.following', 'branch.voting', 'branch.locked', 'witness.evidence']
const CELLS: readonly Death[] = leafStates(signerVoterMachine).flatMap((leaf) =>
  HOOKS.filter((hook) => !hook.endsWith('send') || REACHING.includes(leaf)).map((hook) => ({ leaf, hook })),
)
const nameOf = ({ leaf, hook }: Death): string => `${leaf} ${hook}`

async function until(what: string, isSo: () => boolean): Promise<void> {
  for (let waited = 0; waited < LONGEST_MS; waited += POLL_MS) {
    if (isSo()) return
    await sleep(POLL_MS)
  }
  throw new Error(`in vain: ${what}`)
}

/** The voter rests there, and the node seals unless it is locked. */
function at(node: CliqueNode, voter: Voter, state: string, highest: number): Promise<void> {
  const isThere = (): boolean =>
    voter.told?.leaves.includes(`branch.${state}`) === true &&
    voter.told.highest === highest &&
    node.mining === (state !== 'locked')
  return until(`${state} at ${highest}: ${JSON.stringify(voter.told)}`, isThere)
}

const refOf = (branch: Blocks, number: number) => ({ number, hash: branch[number]?.hash ?? '' })

/** Votes, a node that leaves a voted block and comes back, one that leaves while it votes, two liars. */
async function course(node: CliqueNode, voter: Voter): Promise<void> {
  const first = longer(node.branch, 5, 0)
  node.branch = first
  await at(node, voter, 'following', 3)
  node.branch = longer(first, 1, 0)
  await at(node, voter, 'following', 4)

  const back = longer(first, 2, 0)
  node.branch = longer(first.slice(0, 4), 5, 1)
  await at(node, voter, 'locked', 4)
  node.branch = back
  await at(node, voter, 'following', 5)

  node.silent = true
  node.branch = longer(back, 1, 0)
  await until('the vote is out', () => [...node.votes].some((vote) => vote.startsWith('[6,')))
  const other = longer(back.slice(0, 6), 5, 3)
  node.branch = other
  await at(node, voter, 'locked', 6)
  node.speak()
  voter.wish({ certified: refOf(other, 8) })
  await at(node, voter, 'following', 8)

  for (const liars of [ACCOUNTS.slice(1, 2), ACCOUNTS.slice(1, 3)]) {
    voter.wish({ liars })
    await until('it keeps the evidence', () => voter.told?.evidence.length === liars.length)
  }
  await until('its people know', () => node.alarms.size === ALARMS)
}
/** Two locks, two liars. */
const ALARMS = 4

describe(`the voter of a signer, killed by SIGKILL in every state (seed ${SEED})`, () => {
  let child: Awaited<ReturnType<typeof bundleChild>>
  beforeAll(async () => {
    child = await bundleChild('specs/crashes/voter-child.ts')
  }, 120_000)
  afterAll(() => rmSync(child.folder, { recursive: true, force: true }))

  async function lived(deaths: readonly Death[]) {
    const folder = mkdtempSync(join(tmpdir(), 'meterhood-voter-'))
    const node = new CliqueNode()
    const url = await node.open()
    const domain = { chainId: 31_338, genesisHash: node.branch[0]?.hash ?? '' }
    const secret = `0x${Buffer.from(SIGNERS[0]?.secret ?? []).toString('hex')}`
    const settings = { url, secret, domain, blockPeriodMs: BLOCK_PERIOD_MS }
    const voter: Voter = new Undying({
      program: child.file,
      settings: { ...settings, file: join(folder, 'gateway.sqlite') },
      ...{ deaths, tells, wish: WISH },
    })
    try {
      voter.start()
      await course(node, voter)
      const { votes, alarms, mining } = node
      const said = { votes: [...votes].sort(), alarms: [...alarms].sort(), mining }
      return { end: { ...said, snapshot: voter.told?.snapshot }, voter }
    } finally {
      await voter.stop()
      await node.close()
      rmSync(folder, { recursive: true, force: true })
    }
  }

  const some = fc.sample(fc.shuffledSubarray([...CELLS], { minLength: SAMPLE, maxLength: SAMPLE }), {
    ...{ numRuns: 1, seed: SEED },
  })[0]
  const wanted = ALL ? CELLS : (some ?? [])

  it('comes to the same end, and votes for one block at a height', { timeout: 300_000 }, async () => {
    const undisturbed = (await lived([])).end
    const heights = undisturbed.votes.map((vote) => vote.slice(0, vote.indexOf(',')))
    expect(heights).toEqual(['[3', '[4', '[5', '[6', '[7', '[8'])
    for (const hook of HOOKS.filter((each) => wanted.some((death) => death.hook === each))) {
      const { end, voter } = await lived(wanted.filter((death) => death.hook === hook))
      expect(end).toEqual(undisturbed)
      expect(voter.left().map(nameOf)).toEqual([])
      for (const { leaves } of voter.died)
        for (const leaf of leaves) count('crash', signerVoterMachine.id, nameOf({ leaf, hook }))
    }
    for (const cell of CELLS) count('cell', signerVoterMachine.id, nameOf(cell))
  })
})
