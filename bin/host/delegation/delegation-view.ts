import type { CaringActor } from '../../../actors/caring/live.ts'
import { ACKNOWLEDGED } from '../../../actors/caring/acknowledging.ts'
import { stateName, type DelegationStand } from '../../../actors/delegation/desk.ts'
import type { DelegationTable } from '../../../actors/storage/schema.ts'
import type { Store } from '../../../actors/storage/store.ts'
import { ALARM_CODES } from '../../../protocols/messages/alarm-payload.ts'
import { functionsOf } from '../../../protocols/messages/delegation-terms.ts'
import {
  DELEGATION_LIST_LIMIT,
  delegationState,
  type CareView,
  type DelegationView,
} from '../../../web/delegation-model.ts'
import { nameIn } from '../home-picture.ts'

/** Slots of the small curve. */
const RECENT_SLOTS = 120

/** Slots of a delegation that were answered for, or, at the home that is watched, went to the delegatee. */
async function watchedSlots({ db }: Store, role: string, id: number): Promise<number> {
  const query =
    role === 'delegatee'
      ? db
          .selectFrom('cared_reading')
          .select((row) => row.fn.countAll<number>().as('count'))
          .where('delegation', '=', id)
          .where('acknowledged', '=', ACKNOWLEDGED.taken)
      : db
          .selectFrom('sealed')
          .select((row) => row.fn.countAll<number>().as('count'))
          .where('delegation', '=', id)
          .where('block', 'is not', null)
  const counted = await query.executeTakeFirst()
  return counted?.count ?? 0
}

/** An end that the chain tells, and whose last slot is yet to come, is on its way. */
function stateOf({ state }: DelegationStand, row: DelegationTable | null): DelegationView['state'] {
  const name = delegationState.catch('proposed').parse(stateName(state))
  const isEnded = row !== null && row.ended_by !== null
  return (name === 'active' || name === 'registered') && isEnded ? 'ending' : name
}

const OUR_TURN = [{ proposed: 'received' }, { negotiating: 'ourTurn' }] as const
const ANSWERED_BY_PEOPLE = ['proposed', 'negotiating'] as const

/** One delegation as its page shows it. */
export async function delegationViewOf(
  store: Store,
  stand: DelegationStand,
  row: DelegationTable | null,
  sampleMs: number,
): Promise<DelegationView> {
  const { own, state } = stand
  const { terms, answerByMs, because, paidMicroSct } = state.context
  const slots = terms.untilSlot - terms.fromSlot
  const counted = own.delegation === null ? 0 : await watchedSlots(store, own.role, own.delegation)
  const watched = row?.watched_count ?? counted
  const earned = slots > 0 ? (BigInt(terms.rewardMicroSct) * BigInt(watched)) / BigInt(slots) : 0n
  const paid = row?.paid ?? paidMicroSct
  const awaits = ANSWERED_BY_PEOPLE.some((each) => state.matches(each))
  return {
    negotiation: own.negotiation,
    id: own.delegation,
    role: own.role,
    peer: own.peer,
    state: stateOf(stand, row),
    ourTurn: OUR_TURN.some((each) => state.matches(each)),
    functions: [...terms.functions],
    fromMs: (row?.from_slot ?? terms.fromSlot) * sampleMs,
    untilMs: (row?.until_slot ?? terms.untilSlot) * sampleMs,
    rewardMicroSct: Number(terms.rewardMicroSct),
    watchedSlots: watched,
    slots,
    earnedMicroSct: Number(earned),
    paidMicroSct: paid === null ? null : Number(paid),
    answerByMs: awaits ? answerByMs : null,
    text: terms.text,
    because,
  }
}

async function recentReadings({ db }: Store, delegation: number) {
  return db
    .selectFrom('cared_reading')
    .selectAll()
    .where('delegation', '=', delegation)
    .where('fault', 'is', null)
    .orderBy('slot', 'desc')
    .limit(RECENT_SLOTS)
    .execute()
}

async function alarmsAbout({ db }: Store, home: string): Promise<CareView['alarms']> {
  const rows = await db
    .selectFrom('alarm')
    .selectAll()
    .where('about', '=', home)
    .orderBy('opened_at_ms', 'desc')
    .limit(DELEGATION_LIST_LIMIT)
    .execute()
  return rows.map(({ number, t, code, text, seen }) => ({
    number,
    atMs: t,
    code: nameIn(ALARM_CODES, code) ?? 'unknown',
    text,
    seen: seen === 1,
  }))
}

/** A neighbour's home as the one that cares for it sees it. */
export async function careViewOf(
  store: Store,
  actor: CaringActor,
  row: DelegationTable,
  negotiation: string,
  sampleMs: number,
): Promise<CareView> {
  const snapshot = actor.snapshot()
  const { opened, missed, unseenAlarms } = snapshot.context
  const readings = await recentReadings(store, row.id)
  const newest = readings[0]
  return {
    id: row.id,
    negotiation,
    home: row.delegator,
    functions: functionsOf(row.functions),
    untilMs: row.until_slot * sampleMs,
    newest:
      newest === undefined
        ? null
        : {
            atMs: newest.t,
            powerW: newest.mean_power_w,
            peakPowerW: newest.peak_power_w,
            importWh: newest.import_wh,
            exportWh: newest.export_wh,
            waterMl: newest.water_ml,
          },
    recentPeakW: readings.map(({ peak_power_w }) => peak_power_w).reverse(),
    over: snapshot.matches({ watching: { use: 'over' } }),
    silent: snapshot.matches({ watching: { hearing: 'silent' } }),
    opened,
    missed,
    unseenAlarms,
    alarms: await alarmsAbout(store, row.delegator),
  }
}
