import { writeSync } from 'node:fs'
import { setImmediate as turn } from 'node:timers/promises'
import { getBytes, Wallet } from 'ethers'
import { z } from 'zod'
import type { StepRecord } from '../../actors/durable.ts'
import { openStore, type Store } from '../../actors/storage/store.ts'
import { contractsSchema } from '../../chain/contracts-file.ts'
import { encodeScalar } from '../../protocols/crypto/group.ts'
import { delegationBody } from '../../protocols/messages/delegation.ts'
import {
  deskReply,
  deskRequest,
  type DeskReply,
  type DeskRequest,
} from '../../protocols/messages/delegation-desk.ts'
import { codeOf, Fault, messageOf } from '../../protocols/rules/fault.ts'
import { followChain } from '../market/trading-home.ts'
import { startBadNode } from '../proxy/bad-node.ts'
import { grantSchema, leavesOf, planSchema, toHomeSchema, type States, type Wish } from './home-wire.ts'
import { openWatchingHome, type Outside } from './watching-home.ts'

/*
 * A home in a process of its own, made to be killed: it ends itself by SIGKILL in a named state, at a named
 * moment. Its neighbour and the community gateway are at the other end of its parent.
 */

// Only a run that counts machines pays for trying what they may not hear.
if (process.env['METERHOOD_COVERAGE'] !== undefined) {
  const { watchSneakPaths } = await import('../models/sneak-paths.ts')
  watchSneakPaths()
}

const settings = z
  .object({
    rpc: z.string(),
    contracts: contractsSchema,
    privateKey: z.string(),
    file: z.string(),
    fromBlock: z.number(),
    plan: planSchema,
  })
  .parse(JSON.parse(process.argv[2] ?? 'null'))

const STDERR = 2
const LOOK_MS = 3
const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes)
const bytes = (of: string): Uint8Array => new TextEncoder().encode(of)

const node = await startBadNode(settings.rpc)
let { plan } = settings
/** Where the machines of the course stand. */
let states: States = {}

// ---- Dying

function die(hook: string, deed: string | null = null): void {
  const death = plan.deaths.find(
    (each) =>
      each.hook === hook &&
      (hook === 'after persist' || each.deed === deed) &&
      states[each.machine]?.includes(each.state),
  )
  if (death === undefined) return
  // Written at once: nothing that is left in a buffer survives.
  writeSync(STDERR, `died ${JSON.stringify({ death, within: states[death.machine] })}\n`)
  process.kill(process.pid, 'SIGKILL')
}

const CALLS: readonly (string | null)[] = [
  'registerDelegation',
  'endDelegation',
  'claimReward',
  'returnReward',
]

/** Dies at the call of the state that it is in, if it is to. */
function watchCalls(): void {
  const sending = plan.deaths.find(
    ({ hook, deed, machine, state }) =>
      hook.endsWith('send') && CALLS.includes(deed) && states[machine]?.includes(state),
  )
  if (sending === undefined) node.mood = { kind: 'good' }
  else {
    const at = sending.hook === 'before send' ? 'before' : 'after'
    const see = (): void => die(sending.hook, sending.deed)
    node.mood = { kind: 'watch', at, method: 'eth_sendRawTransaction', see }
  }
}

function enter(machine: string, leaves: readonly string[]): void {
  states = { ...states, [machine]: [...leaves] }
  die('after persist')
  watchCalls()
}

function onStep({ actor, after }: StepRecord): void {
  const [machine = '', name] = actor.split(':')
  if (machine !== 'delegation' || name === plan.negotiation) enter(machine, leavesOf(after))
}

/** States that a machine begins in are not steps: what only they do tells of them. */
function begun(state: string): void {
  if (states['delegation'] === undefined) enter('delegation', [state])
}

// ---- What lies outside

const needs = new Map<number, (given: { body: string; fault: Fault | null }) => void>()
let needed = 0

/** Asks the parent for something; dies before it, or when it is done and nobody here knows. */
async function need(what: string, deed: string, body: string): Promise<string> {
  // The step that brought it is told first.
  await turn()
  die('before send', deed)
  const id = (needed += 1)
  const answer = new Promise<{ body: string; fault: Fault | null }>((resolve) => needs.set(id, resolve))
  process.send?.({ kind: 'need', id, what, body })
  const given = await answer
  if (given.fault !== null) throw given.fault
  die('after send', deed)
  setImmediate(() => die('after receipt', deed))
  return given.body
}

async function desk<Kind extends DeskReply['kind']>(kind: Kind, request: DeskRequest) {
  const isOfKind = (reply: DeskReply): reply is Extract<DeskReply, { kind: Kind }> => reply.kind === kind
  const reply = deskReply.decode(bytes(await need('desk', request.kind, text(deskRequest.encode(request)))))
  if (isOfKind(reply)) return reply
  throw new Error(`${kind}: the desk answered ${reply.kind}`)
}

const signer = new Wallet(settings.privateKey)
const outside: Outside = {
  send: async (message) => {
    if (message.kind === 'propose') begun('proposed.sent')
    await need('word', message.kind, text(delegationBody.encode(message)))
  },
  number: async (negotiation, delegator) => {
    const asked = {
      negotiation: getBytes(`0x${negotiation}`),
      delegator,
      delegatee: signer.address.toLowerCase(),
    }
    return (await desk('number', { kind: 'number', ...asked })).id
  },
  key: async (delegation) => {
    const { epoch, key, signature, proof, secret } = grantSchema.parse(
      JSON.parse(await need('key', 'key', String(delegation))),
    )
    const grant = { epoch, key: getBytes(key), signature: getBytes(signature), proof: getBytes(proof) }
    return { grant, secret: encodeScalar(BigInt(secret)) }
  },
  acknowledge: (delegation, slots) =>
    desk('acknowledged', { kind: 'acknowledge', delegation, slots: [...slots] }),
  witness: (delegation) => desk('witness', { kind: 'witness', delegation }),
}

// ---- The home

const keptSchema = z.object({ snapshot: z.object({ value: z.unknown() }) })

/** The states of the course's machines, as the store has them. */
async function keptStates({ db }: Store): Promise<States> {
  const { negotiation } = plan
  const own = await db
    .selectFrom('own_delegation')
    .select('delegation')
    .where('negotiation', '=', negotiation)
    .executeTakeFirst()
  const names = [`delegation:${negotiation}`, `caring:${own?.delegation ?? 0}`]
  const rows = await db
    .selectFrom('snapshot')
    .select(['machine', 'json'])
    .where('machine', 'in', names)
    .execute()
  const leaves = rows.map(({ machine, json }) => {
    const { snapshot } = keptSchema.parse(JSON.parse(json))
    return [machine.split(':')[0] ?? '', leavesOf(snapshot.value)] as const
  })
  return Object.fromEntries(leaves)
}

/** What is begun again at once may be what it is to die of. */
const kept = await openStore({ file: settings.file })
states = await keptStates(kept)
await kept.close()
watchCalls()

const feed = await followChain(node.url)
while (feed.head() === undefined) await new Promise((resolve) => setTimeout(resolve, LOOK_MS))
const home = await openWatchingHome({
  ...{ feed, contracts: settings.contracts, file: settings.file, fromBlock: settings.fromBlock },
  ...{ key: getBytes(settings.privateKey), signer, outside, onStep },
  clock: { nowMs: () => (feed.head()?.timestampMs ?? 0) + plan.skewMs },
  onAsking: () => begun('proposed.received'),
  onOutcome: (kind, outcome) => {
    if (outcome.state === 'included') die('after receipt', kind)
  },
})

async function heard(): Promise<void> {
  const { hash } = z.object({ hash: z.string() }).parse(await feed.rpc.call(...LATEST))
  while (feed.head()?.hash !== hash) {
    feed.poke()
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS))
  }
  await home.settled()
}
const LATEST = ['eth_getBlockByNumber', ['latest', false], z.unknown()] as const

async function alarm(number: number, about: string): Promise<void> {
  const nothing = { code: 1, severity: 1, resource: 0, slot: 0, t: 0, value: 0, limit_value: 0, block: 0 }
  await home.store.db
    .insertInto('alarm')
    .values({ ...nothing, number, about, opened_at_ms: 0, text: '', wire: new Uint8Array(), seen: 0 })
    .onConflict((conflict) => conflict.doNothing())
    .execute()
}

async function saw(): Promise<void> {
  await home.store.db.updateTable('alarm').set({ seen: 1 }).execute()
  for (const delegation of home.care.carings().keys()) await home.care.saw(delegation)
}

async function doWish(wish: Wish): Promise<void> {
  const { negotiation } = plan
  switch (wish.do) {
    case 'settle':
      return heard()
    case 'plan':
      plan = wish.plan
      states = await keptStates(home.store)
      return watchCalls()
    case 'propose': {
      const { peer, terms, answerByMs } = wish
      return home.desk.propose({ negotiation, role: 'delegator', peer }, { terms, answerByMs })
    }
    case 'person': {
      const now = (await keptStates(home.store))['delegation'] ?? []
      return now.includes(wish.in) ? home.desk.person(negotiation, wish.event) : undefined
    }
    case 'hear':
      return home.desk.take(delegationBody.decode(bytes(wish.text)))
    case 'call': {
      const { id, to, data } = wish
      return home.store.transaction((trx) => home.outbox.enqueue(trx, { id, kind: 'submit', to, data }))
    }
    case 'alarm':
      return alarm(wish.number, wish.about)
    case 'saw':
      return saw()
  }
}

async function answer(id: number, wish: Wish): Promise<void> {
  const fault = await doWish(wish).then(
    () => null,
    (thrown: unknown) => ({ code: codeOf(thrown), message: messageOf(thrown) }),
  )
  process.send?.({ kind: 'done', id, states: await keptStates(home.store), fault })
}

process.on('message', (raw) => {
  const message = toHomeSchema.parse(raw)
  if (message.kind === 'wish') {
    answer(message.id, message.wish).catch((thrown: unknown) => {
      process.stderr.write(`${String(thrown)}\n`)
      process.exit(1)
    })
    return
  }
  const { id, body, fault } = message
  const met =
    fault === null ? null : new Fault(fault.code, fault.message, fault.remote ? { remote: true } : {})
  needs.get(id)?.({ body, fault: met })
  needs.delete(id)
})
process.send?.({ kind: 'up' })
