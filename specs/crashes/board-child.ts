import { onStep } from './steps.ts'
import { writeSync } from 'node:fs'
import { z } from 'zod'
import { openStore, type Store } from '../../actors/storage/store.ts'
import { openCalibrationBook } from '../../bin/host/calibration-book.ts'
import { connectBoards } from '../../bin/host/home-boards.ts'
import { openHomePower } from '../../bin/host/home-power.ts'
import { Fault, messageOf } from '../../protocols/rules/fault.ts'
import { leavesOf } from '../models/tour.ts'
import { LINK_KEY } from '../hardware/workbench.ts'
import { deathSchema } from './wire.ts'

/*
 * The link to a power board and the control of its relay, in a process made to be killed: it ends itself
 * by SIGKILL when one of the two is in a named state, at a named moment. The board runs at its parent.
 */

/** What the home's people and its wires want, until they want something else. */
const wishSchema = z.object({
  drawnPermille: z.number(),
  restores: z.boolean(),
  relayIsStuck: z.boolean(),
  calibrates: z.boolean(),
  stops: z.boolean(),
})
const settings = z
  .object({
    wish: wishSchema,
    file: z.string(),
    board: z.object({ boardId: z.number(), host: z.string(), port: z.number() }),
    sampleMs: z.number(),
    contractedW: z.number(),
    deaths: z.array(deathSchema),
  })
  .parse(JSON.parse(process.argv[2] ?? 'null'))
const STDERR = 2
let { wish } = settings
let told = ''
/** Leaf states of each machine; those of power control as they are in the store. */
const states: Record<string, readonly string[]> = {}
let kept: readonly string[] = []

/** Written at once: nothing that is left in a buffer survives. */
function dieAt(hook: string, leaves: readonly string[]): void {
  const death = settings.deaths.find((each) => each.hook === hook && leaves.includes(each.leaf))
  if (death === undefined) return
  writeSync(STDERR, `died ${JSON.stringify({ hook, leaves })}\n`)
  process.kill(process.pid, 'SIGKILL')
}

const tell = (): void => void process.send?.({ states, told })

onStep((machine, _from, to) => {
  if (machine !== 'boardLink' && machine !== 'powerControl') return
  const leaves = leavesOf(to).map((leaf) => `${machine} ${leaf}`)
  states[machine] = leaves
  // The link keeps nothing: it is begun anew.
  if (machine === 'boardLink') dieAt('after persist', leaves)
  tell()
})

/** A store in which a process dies with a step made and not yet committed, or just committed. */
function mortal(store: Store): Store {
  return {
    ...{ kind: store.kind, where: store.where, db: store.db, close: () => store.close() },
    afterCommit: (trx, then) => store.afterCommit(trx, then),
    transaction: async (work) => {
      const next = states['powerControl'] ?? []
      const made = await store.transaction(async (trx) => {
        const done = await work(trx)
        dieAt(
          'after receipt',
          kept.filter((leaf) => !next.includes(leaf)),
        )
        return done
      })
      kept = next
      dieAt('after persist', kept)
      return made
    },
  }
}

const store = mortal(await openStore({ file: settings.file }))
const fault = (thrown: unknown): void => void process.stderr.write(`${messageOf(thrown)}\n`)
const { boardId, host, port } = settings.board
const boards = connectBoards({
  boards: [{ kind: 'power', boardId, linkKey: LINK_KEY, at: { host, port } }],
  sampleMs: settings.sampleMs,
  calibrations: await openCalibrationBook(store, [boardId]),
  onFrame: ({ frame, receivedAtMs }) => {
    if (frame.kind !== 'power') return
    const powerW = (settings.contractedW * wish.drawnPermille) / 1_000
    power.frame({ ...frame, powerW }, receivedAtMs, Math.floor(receivedAtMs / settings.sampleMs))
    act()
  },
  onNotice: ({ kind }) => {
    told = kind
    tell()
  },
})

async function relay(closed: boolean): Promise<void> {
  // An action is carried out before the step that wants it has ended.
  await Promise.resolve()
  dieAt('before send', states['powerControl'] ?? [])
  if (wish.relayIsStuck) throw new Fault('relay-stuck', 'the relay does not obey')
  await boards.relay(closed)
  dieAt('after send', states['powerControl'] ?? [])
}

const power = await openHomePower({
  ...{ store, sampleMs: settings.sampleMs, onFault: fault, tell: () => undefined },
  openRelay: () => relay(false),
  closeRelay: () => relay(true),
})

/** What is wanted is done wherever it can be, also once more after a restart. */
function act(): void {
  const supply = states['powerControl'] ?? []
  const waits = ['supply.tripped.open', 'supply.stuck'].some((leaf) =>
    supply.includes(`powerControl ${leaf}`),
  )
  if (wish.restores && waits) power.restore()
  const isLive = states['boardLink']?.includes('boardLink live') === true
  if (wish.calibrates && isLive && told !== 'calibrated')
    boards.calibrate('power', 'voltage', null).catch(fault)
  if (wish.stops) boards.stop()
}

process.on('message', (message) => {
  wish = wishSchema.parse(message)
  act()
})
power.contracted(settings.contractedW)
tell()
