import { createActor, type Actor, type Snapshot } from 'xstate'
import { inspecting } from '../../actors/inspection/live-actor.ts'
import { livePowerControl } from '../../actors/power-control/live.ts'
import { supplyState, type powerControlMachine } from '../../actors/power-control/machine.ts'
import { readMeta, writeMeta } from '../../actors/storage/meta.ts'
import type { Store } from '../../actors/storage/store.ts'
import type { AlarmDraft } from '../../protocols/rules/alarm.ts'
import { msToTrip } from '../../protocols/rules/power-control.ts'
import type { PowerFrame } from '../../protocols/rules/reading.ts'
import type { PowerControl } from '../../web/read-model.ts'

const KEY = 'power-control'
/** Before a quota is allocated: the least that a Spanish home contracts. */
const CONTRACTED_BEFORE_QUOTA_W = 3_450

export interface HomePowerOptions {
  readonly store: Store
  readonly sampleMs: number
  readonly openRelay: () => Promise<void>
  readonly closeRelay: () => Promise<void>
  readonly tell: (alarm: AlarmDraft) => void
  readonly onFault: (thrown: unknown) => void
}

/** The home's power switch: fed with frames, it trips the relay and survives a crash of its gateway. */
export class HomePower {
  readonly #actor: Actor<typeof powerControlMachine>
  #contractedW = CONTRACTED_BEFORE_QUOTA_W

  constructor(options: HomePowerOptions, saved: Snapshot<unknown> | null) {
    const { openRelay, closeRelay, tell } = options
    const machine = livePowerControl({ openRelay, closeRelay, tell })
    this.#actor = createActor(machine, {
      ...inspecting(options.store.inspector, { machine, actor: KEY }),
      input: { profile: 'icp-m', contractedW: CONTRACTED_BEFORE_QUOTA_W, maxGapMs: 3 * options.sampleMs },
      ...(saved === null ? {} : { snapshot: saved }),
    })
    let last = ''
    this.#actor.subscribe((snapshot) => {
      const value = JSON.stringify(snapshot.value)
      if (value === last) return
      last = value
      const json = JSON.stringify(this.#actor.getPersistedSnapshot())
      options.store.transaction((trx) => writeMeta(trx, KEY, json)).catch(options.onFault)
    })
    this.#actor.start()
  }

  frame(frame: PowerFrame, receivedAtMs: number, slot: number): void {
    const { powerW, relayClosed } = frame
    this.#actor.send({ type: 'READING', t: receivedAtMs, slot, powerW, relayClosed })
  }

  contracted(watts: number): void {
    if (watts === this.#contractedW) return
    this.#contractedW = watts
    this.#actor.send({ type: 'CONTRACT', contractedW: watts })
  }

  restore(): void {
    this.#actor.send({ type: 'RESTORE' })
  }

  state(): PowerControl {
    const state = supplyState(this.#actor.getSnapshot())
    return (
      (['normal', 'over', 'warned', 'tripped', 'restored'] as const).find((each) => each === state) ??
      'tripped'
    )
  }

  tripsAtMs(nowMs: number): number | null {
    const { context } = this.#actor.getSnapshot()
    const left = msToTrip(context, context.powerW)
    return left === null ? null : nowMs + left
  }

  stop(): void {
    this.#actor.stop()
  }
}

/** Opens the switch as it was when the gateway stopped. */
export async function openHomePower(options: HomePowerOptions): Promise<HomePower> {
  const text = await readMeta(options.store.db, KEY)
  const saved = text === null ? null : (JSON.parse(text) as Snapshot<unknown>)
  return new HomePower(options, saved)
}
