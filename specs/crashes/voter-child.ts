import { MortalSteps } from './mortal-steps.ts'
import { writeSync } from 'node:fs'
import { hexlify, Wallet } from 'ethers'
import { z } from 'zod'
import { startSignerVoter } from '../../actors/signer-voter/live.ts'
import { openStore } from '../../actors/storage/store.ts'
import { wallClock } from '../../bin/clock.ts'
import { createRpc, type Rpc } from '../../chain/proxy/rpc.ts'
import { codeOf, messageOf } from '../../protocols/rules/fault.ts'
import { leavesOf } from '../models/tour.ts'
import { deathSchema } from './wire.ts'

/*
 * The voter of a signer in a process of its own, with its real store, made to be killed: it ends itself by
 * SIGKILL in a named state, at a named moment. Its node, its peers and its people are at its parent.
 */

const blockSchema = z.object({ number: z.number(), hash: z.string() })
/** A certificate that the gateway has, and the signers that it saw lie. */
const wishSchema = z.object({ certified: blockSchema.nullable(), liars: z.array(z.string()) })
const settings = z
  .object({
    file: z.string(),
    url: z.string(),
    secret: z.string(),
    domain: z.object({ chainId: z.number(), genesisHash: z.string() }),
    blockPeriodMs: z.number(),
    wish: wishSchema,
    deaths: z.array(deathSchema),
  })
  .parse(JSON.parse(process.argv[2] ?? 'null'))

const STDERR = 2
const INITIAL = ['branch.following', 'witness.calm']
/** What a state asks of its node, its peers or its people. */
const DEED_OF: Readonly<Record<string, string>> = {
  'branch.following': 'miner_start',
  'branch.voting': 'peers_vote',
  'branch.locked': 'miner_stop',
  'witness.evidence': 'people_alarm',
}
const storedSchema = z.object({
  snapshot: z.object({
    value: z.unknown(),
    context: z.object({ highest: z.number(), evidence: z.array(z.string()) }),
  }),
})
const steps = new MortalSteps({ machine: 'signerVoter', initial: INITIAL, deaths: settings.deaths })

const reachingFor = (deed: string): string[] => steps.kept.filter((leaf) => DEED_OF[leaf] === deed)

const store = steps.store(await openStore({ file: settings.file }))

async function stored() {
  const row = await store.db.selectFrom('snapshot').select('json').executeTakeFirst()
  return row === undefined ? null : storedSchema.parse(JSON.parse(row.json)).snapshot
}

async function tell(): Promise<void> {
  const snapshot = await stored()
  if (snapshot === null) return
  const { value, context } = snapshot
  process.send?.({ leaves: leavesOf(value), ...context, snapshot: JSON.stringify([value, context]) })
}

const found = await stored()
if (found !== null) steps.found(found.value)

const rpc = createRpc({ url: settings.url, deadlineMs: 60_000 })
const node: Rpc = {
  ...rpc,
  call: async (method, params, reply, options) => {
    steps.dieAt('before send', reachingFor(method))
    const answer = await rpc.call(method, params, reply, options)
    steps.dieAt('after send', reachingFor(method))
    return answer
  },
}
const reach = (deed: string, params: readonly unknown[]) => node.call(deed, params, z.unknown())
const onFault = (thrown: unknown): void => void writeSync(STDERR, `${messageOf(thrown)}\n`)
const wallet = new Wallet(settings.secret)
const voter = await startSignerVoter({
  ...{ store, wallet, clock: wallClock, onFault },
  ...{ domain: settings.domain, blockPeriodMs: settings.blockPeriodMs },
  node: { ...node, follows: () => null },
  signer: wallet.address.toLowerCase(),
  publish: async ({ number, hash, signature }) => {
    await reach('peers_vote', [number, hash, hexlify(signature)])
  },
  onAlarm: (alarm) => void reach('people_alarm', [codeOf(alarm), alarm.facts]).catch(onFault),
})

/** What is wanted is told again after a death. */
function want({ certified, liars }: z.infer<typeof wishSchema>): void {
  if (certified !== null) voter.certified(certified)
  for (const liar of liars) voter.equivocation(liar)
}
voter.actor.subscribe(() => void tell())
process.on('message', (message) => want(wishSchema.parse(message)))
want(settings.wish)
await tell()
