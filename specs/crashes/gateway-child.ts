import { writeSync } from 'node:fs'
import { type CommunityActor, startCommunityGateway } from '../../actors/community-gateway/live.ts'
import type { communityGatewayMachine } from '../../actors/community-gateway/machine.ts'
import { eventOf } from '../../actors/durable-snapshot.ts'
import type { OutboxPort } from '../../actors/outbox-port.ts'
import { type HomeActor, startSmartGateway } from '../../actors/smart-gateway/live.ts'
import type { smartGatewayMachine } from '../../actors/smart-gateway/machine.ts'
import {
  isSealed,
  keepSample,
  keepSealed,
  sealSample,
  type SealedSlotData,
} from '../../actors/smart-gateway/readings.ts'
import { count, openStore, type Store } from '../../actors/storage/store.ts'
import { keyPair } from '../../protocols/crypto/group.ts'
import { createSealer } from '../../protocols/crypto/sealer.ts'
import { codeOf, Fault, messageOf } from '../../protocols/rules/fault.ts'
import { NEW_HOME } from '../../protocols/rules/home-registers.ts'
import { energyWh, powerW, unixMs, waterMl } from '../../protocols/rules/units.ts'
import { leavesOf } from '../models/tour.ts'
import { DEEDS_OF, heardSchema, settingsSchema } from './wire.ts'

/*
 * A gateway's machine in a process of its own, with its real store, made to be killed: it ends itself by
 * SIGKILL in a named state, at a named moment. What it does outside, its parent does for it.
 */

const STDERR = 2
const settings = settingsSchema.parse(JSON.parse(process.argv[2] ?? 'null'))
const clock = { nowMs: () => 1_800_000_000_000 }
const answers = new Map<number, (refusal: string | null) => void>()
let asked = 0
/** Effects that have begun and not ended. */
let busy = 0
let begin = (): void => undefined
const begun = new Promise<void>((resolve) => {
  begin = resolve
})
/** Leaf states that are committed; none before the machine is begun or found again. */
let leaves: readonly string[] = []

/** Written at once: nothing that is left in a buffer survives. */
function dieAt(hook: string, within: readonly string[]): void {
  const death = settings.deaths.find((each) => each.hook === hook && within.includes(each.leaf))
  if (death === undefined) return
  writeSync(STDERR, `died ${JSON.stringify({ hook, leaves: within })}\n`)
  process.kill(process.pid, 'SIGKILL')
}

const reachingFor = (deed: string): string[] =>
  leaves.filter((leaf) => DEEDS_OF[settings.machine][leaf]?.includes(deed) === true)

/** Does something that the machine asked for; until it ends the gateway does not rest. */
async function working<T>(work: () => Promise<T>): Promise<T> {
  busy += 1
  try {
    return await work()
  } finally {
    busy -= 1
  }
}

const outside = (deed: string, about: number | string = ''): Promise<void> =>
  working(() => reach(deed, about))

/** Has the parent do it; throws what the parent refuses. */
async function reach(deed: string, about: number | string): Promise<void> {
  // The step that wants it is known to be committed by then.
  await begun
  await new Promise(setImmediate)
  dieAt('before send', reachingFor(deed))
  asked += 1
  const ask = asked
  process.send?.({ say: 'do', ask, deed, about: String(about) })
  const refusal = await new Promise<string | null>((resolve) => answers.set(ask, resolve))
  dieAt('after send', reachingFor(deed))
  if (refusal !== null) throw new Fault('refused', refusal)
}

/** A store in which a process dies with a step computed and not yet committed. */
function mortal(store: Store): Store {
  return {
    ...store,
    kind: store.kind,
    where: store.where,
    db: store.db,
    close: () => store.close(),
    afterCommit: (trx, then) => store.afterCommit(trx, then),
    transaction: (work) =>
      store.transaction(async (trx) => {
        const made = await work(trx)
        dieAt('after receipt', leaves)
        return made
      }),
  }
}

const store = mortal(await openStore({ file: settings.file }))
/** The parent reads of every fault but those that it wants. */
const onFault = (thrown: unknown): void => {
  if (codeOf(thrown) !== 'refused') process.stderr.write(`fault ${messageOf(thrown)}\n`)
}
const sealer = createSealer()
const place = {
  ...{
    chainId: 1,
    monitoring: `0x${'11'.repeat(20)}`,
    account: `0x${'22'.repeat(20)}`,
    epoch: 0,
    delegation: 0,
  },
  recipientKey: keyPair(7n).bytes,
}
const sealed = new Map<number, SealedSlotData>()
const outbox: OutboxPort = { enqueue: (trx, { id }) => count(trx, `enqueued ${id}`) }

const [NO_ENERGY, NO_WATER] = [energyWh(0), waterMl(0)]
const sampleOf = (slot: number): Parameters<typeof keepSample>[1] => ({
  slot,
  receivedAtMs: clock.nowMs(),
  result: {
    outcome: 'complete',
    essential: {
      ...{ flags: 0, sequence: slot, t: unixMs(clock.nowMs()), energyImportWh: energyWh(slot) },
      ...{ energyExportWh: NO_ENERGY, waterMl: NO_WATER, meanPowerW: powerW(1), peakPowerW: powerW(1) },
    },
    extended: {
      frames: [],
      ...{ importOffsetWh: NO_ENERGY, exportOffsetWh: NO_ENERGY, waterOffsetMl: NO_WATER },
    },
    frames: [],
    refusals: [],
    next: NEW_HOME,
  },
})

const running: { actor?: HomeActor | CommunityActor } = {}
const epochNow = (): number => running.actor?.snapshot().context.epoch ?? 0

const startHome = (): Promise<HomeActor> =>
  startSmartGateway({
    ...{ store, clock, account: place.account, onFault },
    findCommunity: () => outside('findCommunity'),
    introduce: () => outside('introduce'),
    exchangeKeys: () =>
      working(async () => {
        await begun
        const epoch = epochNow()
        await outside('exchangeKeys', epoch)
        return epoch
      }),
    publishKey: () =>
      working(async () => {
        await begun
        await outside('publishKey', epochNow())
      }),
    keepSample: (trx, slot) => keepSample(trx, sampleOf(slot)),
    sealReading: (slot) =>
      working(async () => {
        if (await isSealed(store, slot)) return null
        await outside('sealReading', slot)
        const data = await sealSample(store, sealer, place, slot)
        sealed.set(slot, data)
        return data.sequence
      }),
    submitReading: async (trx, slot) => {
      const data = sealed.get(slot)
      if (data === undefined) throw new Fault('impossible', `slot ${slot} is submitted before it is sealed`)
      await keepSealed(trx, outbox, place.monitoring, data, clock.nowMs())
    },
    submitted: (slot) => void outside('submitted', slot),
    tellPeople: (number) => void outside('tellPeople', number),
  })

const startCommunity = (): Promise<CommunityActor> =>
  startCommunityGateway({
    ...{ store, clock, account: place.account, onFault },
    deployOrAttach: () => outside('deployOrAttach'),
    announceKeys: async () => {
      await outside('announceKeys')
      return 0
    },
    beginEpoch: (epoch) => outside('beginEpoch', epoch),
    admit: (account) => outside('admit', account),
    allocateQuotas: () => void outside('allocateQuotas'),
    openRecords: () => void outside('openRecords'),
    closePeriod: (period) => outside('closePeriod', period),
    lookAtExcesses: () => void outside('lookAtExcesses'),
    publishAlarms: () => void outside('publishAlarms'),
    warnOperator: (code) => void outside('warnOperator', code),
  })

type Take = (json: string, id: string) => Promise<void>

async function begunHome(): Promise<readonly [HomeActor, Take]> {
  const home = await startHome()
  return [home, (json, id) => home.send(eventOf<typeof smartGatewayMachine>(json), id)]
}

async function begunCommunity(): Promise<readonly [CommunityActor, Take]> {
  const community = await startCommunity()
  return [community, (json, id) => community.send(eventOf<typeof communityGatewayMachine>(json), id)]
}

const [actor, take] = await (settings.machine === 'smart-gateway' ? begunHome() : begunCommunity())
running.actor = actor

/** Everything that was begun has ended, and what came of it is taken. */
async function rests(after: string): Promise<void> {
  for (let quiet = 0; quiet < 3; quiet += 1) {
    await actor.idle()
    await new Promise((resolve) => setTimeout(resolve, 2))
    if (busy > 0) quiet = -1
  }
  const rows = await store.db.selectFrom('counter').selectAll().execute()
  const { value, context } = actor.snapshot()
  const counts = Object.fromEntries(rows.map((row) => [row.name, row.value]))
  process.send?.({ say: 'rests', after, snapshot: JSON.stringify([value, context]), counts })
}

process.on('message', (message) => {
  const heard = heardSchema.parse(message)
  if (heard.hear === 'done') {
    const answer = answers.get(heard.ask)
    answers.delete(heard.ask)
    answer?.(heard.refusal)
    return
  }
  take(JSON.stringify(heard.event), heard.id).then(() => rests(heard.id), onFault)
})
const came = (): void => {
  leaves = leavesOf(actor.snapshot().value)
  dieAt('after persist', leaves)
}
actor.subscribe(came)
came()
begin()
await rests('begun')
