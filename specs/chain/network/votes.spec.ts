import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { FinalityDesk } from '../../../actors/finality/desk.ts'
import { startSignerVoter } from '../../../actors/signer-voter/live.ts'
import { openStore } from '../../../actors/storage/store.ts'
import type { GethChain } from '../../../chain/network/geth/local-network.ts'
import type { GethNode } from '../../../chain/network/geth/process.ts'
import { signerKey } from '../../../chain/network/geth/signer-key.ts'
import { createChainFeed } from '../../../chain/proxy/feed.ts'
import { createRpc } from '../../../chain/proxy/rpc.ts'
import { wallClock } from '../../../bin/clock.ts'
import { ledgerOf } from '../../../bin/host/ledger.ts'
import { signVote, voterOf } from '../../../protocols/crypto/vote.ts'
import type { Vote } from '../../../protocols/messages/vote.ts'
import { codeOf } from '../../../protocols/rules/fault.ts'
import { closing, GETH, headOf, network, temporary } from './geth-lab.ts'

const BLOCK_MS = 1_000

/** Waits until something is so; in vain is a fault with the sentence. */
async function until(what: string, check: () => boolean | Promise<boolean>, limitMs = 90_000): Promise<void> {
  const end = performance.now() + limitMs
  while (!(await check())) {
    if (performance.now() > end) throw new Error(`in vain: ${what}`)
    await sleep(100)
  }
}

/** Whom votes are told: a loudspeaker in the place of the peers. */
function loudspeaker() {
  const ears: ((vote: Vote) => void)[] = []
  return {
    hear: (ear: (vote: Vote) => void) => ears.push(ear),
    say: (vote: Vote) => ears.forEach((ear) => ear(vote)),
  }
}
type Loudspeaker = ReturnType<typeof loudspeaker>

const domainOf = ({ chainId, genesisHash }: GethChain) => ({ chainId, genesisHash })

/** A gateway that counts votes, at the node that follows. */
async function counting(chain: GethChain, peers: Loudspeaker) {
  const store = await openStore({ file: join(temporary(), 'gateway.sqlite') })
  const feed = await createChainFeed({ rpc: createRpc({ url: chain.rpc }), clock: wallClock })
  const equivocating: string[] = []
  const desk = new FinalityDesk({
    store,
    ledger: ledgerOf(feed),
    domain: domainOf(chain),
    voterOf,
    blockPeriodMs: BLOCK_MS,
    clock: wallClock,
    show: () => Promise.resolve(),
    onFinal: () => undefined,
    onEquivocation: (signer) => equivocating.push(signer),
    onAlarm: () => undefined,
    onFault: () => undefined,
  })
  await desk.open()
  const seen = feed.subscribe({ name: 'desk', onBlock: () => desk.look(), onFork: () => desk.look() })
  peers.hear((vote) => {
    if (desk.judge(vote) === 'accept') desk.take(vote)
  })
  closing(async () => {
    await seen.stop()
    await desk.stop()
    await feed.stop()
    feed.rpc.close()
    await store.close()
  })
  return { desk, feed, equivocating }
}

/** The voter beside a node, with its store in `file`. */
async function voting(chain: GethChain, node: GethNode, peers: Loudspeaker, file: string) {
  const store = await openStore({ file })
  const wallet = await signerKey(node.folder)
  const alarms: string[] = []
  const said: Vote[] = []
  const voter = await startSignerVoter({
    store,
    node: { ...createRpc({ url: node.ipc.path }), follows: () => null },
    signer: wallet.address.toLowerCase(),
    wallet,
    domain: domainOf(chain),
    blockPeriodMs: BLOCK_MS,
    clock: wallClock,
    publish: (vote) => {
      said.push(vote)
      peers.say(vote)
      return Promise.resolve()
    },
    onAlarm: (alarm) => alarms.push(codeOf(alarm)),
    onFault: () => undefined,
  })
  let stopped = false
  const stop = async (): Promise<void> => {
    if (stopped) return
    stopped = true
    await voter.stop()
    await store.close()
  }
  closing(stop)
  return { voter, wallet, alarms, said, stop }
}

/** Three signers with a voter each, and a gateway that counts. */
async function community() {
  const chain = await network()
  const peers = loudspeaker()
  const gateway = await counting(chain, peers)
  const sealing = chain.nodes().filter(({ rpc }) => rpc === null)
  const files = sealing.map(() => join(temporary(), 'gateway.sqlite'))
  const voters = await Promise.all(
    sealing.map((node, at) => voting(chain, node, peers, files[at] ?? ':memory:')),
  )
  return { chain, peers, gateway, sealing, voters, files }
}

const first = <T>(list: readonly T[]): T => {
  const [one] = list
  if (one === undefined) throw new Error('an empty list')
  return one
}

describe.skipIf(GETH === null)('Votes on Geth', () => {
  it('make blocks final while two of three signers are there, and none while one is', async () => {
    const { chain, gateway, sealing } = await community()
    const { desk } = gateway
    await until('blocks become final', () => desk.newest() >= 5)
    const [one, two] = sealing.map(({ name }) => name)

    chain.signal('SIGSTOP', [one ?? ''])
    const before = desk.newest()
    await until('they do without one signer', () => desk.newest() > before + 3)
    await until('who is missing is known', () => desk.quorum().missing.length === 1)
    expect(desk.quorum()).toMatchObject({ isReached: true, missing: [chain.signers[0]] })

    chain.signal('SIGSTOP', [two ?? ''])
    await until('both are missed', () => desk.quorum().missing.length === 2)
    const halted = desk.newest()
    expect(desk.quorum().isReached).toBe(false)
    await sleep(3 * BLOCK_MS)
    expect(desk.newest()).toBeLessThanOrEqual(halted + 1)

    chain.signal('SIGCONT')
    await until('it goes on when they are back', () => desk.newest() > halted + 3)
    expect(desk.quorum()).toMatchObject({ isReached: true })
  }, 240_000)

  it('are cast once a height, also by a voter that was started again', async () => {
    const { chain, peers, gateway, sealing, voters, files } = await community()
    await until('blocks become final', () => gateway.desk.newest() >= 3)
    const before = first(voters)
    await before.stop()
    const again = await voting(chain, first(sealing), peers, first(files))
    await until('it votes on', () => again.said.some(({ number }) => number > gateway.desk.newest() - 2))
    const heights = new Map<number, string>()
    for (const { number, hash } of [...before.said, ...again.said]) {
      expect(heights.get(number) ?? hash).toBe(hash)
      heights.set(number, hash)
    }
    expect(gateway.equivocating).toEqual([])
  }, 180_000)

  it('bind: a signer whose node goes back seals no more before it has the block again', async () => {
    const { gateway, sealing, voters } = await community()
    await until('blocks become final', () => gateway.desk.newest() >= 4)
    const node = first(sealing)
    const { alarms, voter } = first(voters)
    const { number } = await headOf(node.ipc)
    await node.ipc.ask('debug_setHead', [`0x${Math.max(0, number - 4).toString(16)}`], z.unknown())
    await until('it has raised the alarm', () => alarms.includes('signer-locked'))
    await until('it follows again', () => voter.actor.snapshot().matches({ branch: 'following' }))
    await until('and seals', () => node.ipc.ask('eth_mining', [], z.boolean()))
  }, 180_000)

  it('of a cloned key give it away, to its own voter and to all others', async () => {
    const { chain, peers, gateway, voters } = await community()
    await until('blocks become final', () => gateway.desk.newest() >= 3)
    const { wallet } = first(voters)
    const clone = { number: gateway.desk.newest(), hash: `0x${'ee'.repeat(32)}` }
    peers.say(await signVote(wallet, domainOf(chain), clone))
    await until('it is seen', () => gateway.equivocating.length > 0)
    expect(gateway.equivocating).toEqual([wallet.address.toLowerCase()])
    for (const { voter } of voters) voter.equivocation(wallet.address.toLowerCase())
    await until('its own voter says that it is cloned', () => first(voters).alarms.includes('signer-cloned'))
    await until('another says that it lies', () => voters[1]?.alarms.includes('signer-equivocates') === true)
  }, 180_000)
})
