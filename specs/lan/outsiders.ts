import { mkdirSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { getBytes, Interface, Wallet } from 'ethers'
import { z } from 'zod'
import { monitoringAbi } from '../../chain/bindings/monitoring.gen.ts'
import { NodeFolder } from '../../chain/network/geth/node-folder.ts'
import { codeOf, Fault } from '../../protocols/rules/fault.ts'
import { systemRandom } from '../../bin/clock.ts'
import { until, type Box, type MemberShown } from './box.ts'
import { untilOperating } from './community.ts'
import { dropPeer } from './commands.ts'
import { contractsOf, secretsOf } from './count.ts'
import { require, type Outcome, type Trial } from './outcome.ts'
import { growth, strangersBox, type World } from './world.ts'

const LIMIT_MS = 120_000
const LOOK_MS = 8_000
/** A reading that was on its way is counted by then. */
const SETTLED_MS = 6_000
const SENDER = 'home-03'
const FACE = new Interface(monitoringAbi)
/** How the call begins that takes readings. */
const SUBMIT = FACE.getFunction('submit')?.selector ?? 'none'
const CHAIN_PORT = 30_303

const tried = z.object({
  found: z.number(),
  answered: z.array(z.string()),
  refused: z.array(z.string()),
  heard: z.number(),
  open: z.array(z.string()),
})
const count = z.number()
const hexCount = z.string().transform(Number)

async function triesOf(box: Box): Promise<z.infer<typeof tried>> {
  return tried.parse(await box.agent.ask('peerTries', null))
}

/** Nobody answered, nothing was heard, and no connection is left; yet there was somebody to ask. */
function requireShutOut(who: string, { found, answered, heard, open }: z.infer<typeof tried>): void {
  require(found > 0, `mDNS told ${who} of nobody: nothing was tried`)
  require(answered.length === 0, `${who} was answered on ${answered.join(', ')}`)
  require(heard === 0, `${who} heard ${heard} messages`)
  require(open.length === 0, `${who} keeps a connection: ${open.join(', ')}`)
}

const namesIn = async (community: Box): Promise<string> =>
  ((await community.view()).members ?? []).map(({ name }) => name).join(', ')

/** A node that has the genesis and everybody's card, and that nobody has the card of. */
async function strangersNode(stranger: Box, { community }: World): Promise<void> {
  mkdirSync(stranger.folder, { recursive: true, mode: 0o700 })
  const place = { name: 'stranger', host: stranger.host.address, port: CHAIN_PORT, signs: false }
  const node = await NodeFolder.create(stranger.chainFolder, place, systemRandom)
  const known = NodeFolder.open(community.chainFolder).network()
  await node.keepNetwork({ ...known, members: [...known.members, node.card] })
  await stranger.startNode()
}

async function strangerComes(world: World): Promise<Outcome> {
  const { community } = world
  const began = performance.now()
  const members = await namesIn(community)
  const stranger = strangersBox(world)
  try {
    await strangersNode(stranger, world)
    await stranger.agent.ask('peerOpens', { seed: null })
    const result = await triesOf(stranger)
    requireShutOut('the stranger', result)
    const grown = await growth(community, () => sleep(LOOK_MS))
    require(grown > 0, 'the community made no block meanwhile: nothing was tried')
    const peers = await stranger.ipc.ask('net_peerCount', [], hexCount)
    const { number } = await stranger.head()
    require(peers === 0 && number === 0, `the stranger's node has ${peers} peers and ${number} blocks`)
    require((await namesIn(community)) === members, 'the members are others now')
    const words = `${result.found} gateways found, none answered (${result.refused.join(', ')}); no block`
    return { result: words, tookMs: performance.now() - began }
  } finally {
    await stranger.agent.ask('peerCloses', null).catch(() => undefined)
    await stranger.stop()
  }
}

const transactions = z.looseObject({
  transactions: z.array(z.looseObject({ from: z.string(), to: z.string().nullable(), hash: z.string() })),
})
const callData = z.looseObject({ input: z.string() })

/** A transaction of a home as somebody on the network recorded it: the signed bytes, and the call in it. */
interface Recorded {
  readonly raw: string
  readonly input: string
}

/** What a home sent to the contract that takes readings, from the whole chain. */
async function recordedOf(home: Box, community: Box): Promise<Recorded[]> {
  const account = new Wallet(secretsOf(home).accountKey).address.toLowerCase()
  const { monitoring } = contractsOf(community)
  const { ipc } = community
  const { number: head } = await community.head()
  const found: Recorded[] = []
  for (let number = 1; number <= head; number += 1) {
    const at = [`0x${number.toString(16)}`, true]
    const block = await ipc.ask('eth_getBlockByNumber', at, transactions)
    for (const { from, to, hash } of block.transactions) {
      if (from !== account || to !== monitoring.toLowerCase()) continue
      const raw = await ipc.ask('eth_getRawTransactionByHash', [hash], z.string())
      const { input } = await ipc.ask('eth_getTransactionByHash', [hash], callData)
      if (input.startsWith(SUBMIT)) found.push({ raw, input })
    }
  }
  return found
}

/** Whether a node or the contract refuses a question, in words; what cannot be asked is no refusal. */
async function isRefused(asked: Promise<unknown>): Promise<boolean> {
  try {
    await asked
    return false
  } catch (thrown) {
    if (codeOf(thrown) === 'rpc-refused') return true
    throw thrown
  }
}

/** Sends the signed bytes again, and has the same call made in the name of others. */
async function replay(recorded: readonly Recorded[], by: Box, names: readonly string[], to: string) {
  for (const { raw, input } of recorded) {
    const again = await isRefused(by.ipc.ask('eth_sendRawTransaction', [raw], z.string()))
    require(again, 'a node took a transaction that is on the chain already')
    for (const from of names) {
      const call = { from, to, data: input }
      const refused = await isRefused(by.ipc.ask('eth_call', [call, 'latest'], z.string()))
      require(refused, `the contract takes a recorded reading once more from ${from}`)
    }
  }
}

async function memberShown(community: Box, name: string): Promise<MemberShown> {
  const found = (await community.view()).members?.find((member) => member.name === name)
  if (found === undefined) throw new Fault('not-so', `the manager's page shows no ${name}`, {})
  return found
}

/** What the chain and the manager's page count of the home, and what is said about signers. */
async function counted(community: Box): Promise<string> {
  const { account, lastSlot, lastSeenMs, powerW } = await memberShown(community, SENDER)
  const call = { to: contractsOf(community).monitoring, data: FACE.encodeFunctionData('count', [account]) }
  const records = Number(await community.ipc.ask('eth_call', [call, 'latest'], z.string()))
  const said = ((await community.view()).warnings ?? []).filter((text) => text.startsWith('signer'))
  return JSON.stringify({ records, lastSlot, lastSeenMs, powerW, said })
}

/** Waits until what was on its way is counted, and gives what is counted of the home then. */
async function untilSettled(community: Box): Promise<string> {
  let last = ''
  await until(
    `the readings of ${SENDER} are counted`,
    async () => {
      const before = await counted(community)
      await sleep(SETTLED_MS)
      last = await counted(community)
      return before === last
    },
    LIMIT_MS,
  )
  return last
}

const seedOf = (box: Box): Uint8Array => getBytes(secretsOf(box).peerSeed)

/** A member's records and other gateways' votes are said again: by a member, and in others' names. */
async function replayed({ community, box }: World): Promise<Outcome> {
  const began = performance.now()
  const sender = box(SENDER)
  await sender.stopGateway()
  const before = await untilSettled(community)
  const recorded = await recordedOf(sender, community)
  require(recorded.length > 0, `${SENDER} sent nothing that could be replayed`)
  const names = [sender, box('home-01'), community].map(
    (each) => new Wallet(secretsOf(each).accountKey).address,
  )
  const stranger = new Wallet(`0x${'5e'.repeat(32)}`).address
  await replay(recorded, box('home-02'), [...names, stranger], contractsOf(community).monitoring)
  // Its own identity: it is a member, and heard.
  await sender.agent.ask('peerOpens', { seed: seedOf(sender) })
  try {
    const heard = await until(
      'votes of others are heard',
      async () => tried.parse(await sender.agent.ask('peerTries', null)).heard > 0,
      LIMIT_MS,
    )
    require(heard > 0, 'no votes to replay')
    const said = count.parse(await sender.agent.ask('peerRepeats', null))
    await sleep(SETTLED_MS)
    const after = await counted(community)
    require(after === before, `counted ${after}, and ${before} before`)
    sender.startGateway()
    const words = `${recorded.length} records in ${names.length + 1} names, ${said} votes: nothing changed`
    return { result: words, tookMs: performance.now() - began }
  } finally {
    await sender.agent.ask('peerCloses', null)
    await sender.mend()
    await untilOperating([sender])
  }
}

/** It hears no block any more once the others have dropped its node. */
async function dropNode(gone: Box, { boxes, community }: World): Promise<void> {
  const others = boxes.filter((each) => each !== gone)
  for (const each of others) await each.run(dropPeer(each.folder, gone.name))
  const peers = async () => (await gone.ipc.ask('net_peerCount', [], hexCount)) === 0
  await until(`the node of ${gone.name} has no peer`, peers, LIMIT_MS)
  await sleep(SETTLED_MS)
  const heard = await growth(gone, async () => {
    const grown = await growth(community, () => sleep(LOOK_MS))
    require(grown > 0, 'the community made no block meanwhile')
  })
  require(heard === 0, `the node of ${gone.name} got ${heard} blocks after it was dropped`)
}

/** The manager removes a home: it is hung up on, refused, told why; and its node is dropped. */
async function revoked(world: World): Promise<Outcome> {
  const { community, box } = world
  const gone = box(SENDER)
  const { account } = await memberShown(community, SENDER)
  await gone.stopGateway()
  await gone.agent.ask('peerOpens', { seed: seedOf(gone) })
  let tookMs = 0
  try {
    await until(
      `${SENDER} is answered as a member`,
      async () => (await triesOf(gone)).answered.length > 0,
      LIMIT_MS,
    )
    await community.post('api/actions/remove-home', { home: account })
    const isHungUpOn = async () =>
      tried.shape.open.parse(await gone.agent.ask('peerConnections', null)).length === 0
    tookMs = await until(`${SENDER} is hung up on`, isHungUpOn, LIMIT_MS)
    requireShutOut(SENDER, await triesOf(gone))
  } finally {
    await gone.agent.ask('peerCloses', null)
    await gone.mend()
  }
  require(!(await namesIn(community)).includes(SENDER), `the manager's page still lists ${SENDER}`)
  const isTold = async () => (await gone.view()).state?.text.includes('removed from the community') === true
  await until(`the page of ${SENDER} says that it was removed`, isTold, LIMIT_MS)
  await dropNode(gone, world)
  return { result: 'hung up on, refused, told why; its node was dropped and got no block', tookMs }
}

export const STRANGER_COMES: Trial = { fault: 'a stranger with the genesis', run: strangerComes }
export const REPLAYED: Trial = { fault: 'records and votes replayed', run: replayed }
export const REVOKED: Trial = { fault: 'a home removed by the manager', run: revoked }
