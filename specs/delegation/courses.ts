import type { RemoteWatch } from './remote-watch.ts'
import type { TwoHomes } from './two-homes.ts'
import { CLAIM_MS, QUOTA_W } from './watching-home.ts'

/** A delegation that two homes go through, with the states in which each is killed. */
export interface Course {
  readonly away: readonly string[]
  readonly near: readonly string[]
  /** How far the clock of the neighbour is before that of the home that is away. */
  readonly apartMs?: number
  /** Calls may not be taken, or not even sent: a home dies where it comes to a state, at no other moment. */
  readonly refuses?: true
  /** From the proposal to the end. */
  run(homes: TwoHomes): Promise<void>
}

const both =
  ({ away, near }: TwoHomes, state: string) =>
  (): boolean =>
    away.isIn(state) && near.isIn(state)

/** The neighbour accepts, and the chain holds it. */
async function agreed(homes: TwoHomes): Promise<void> {
  const { away, near } = homes
  await homes.propose()
  await homes.person(near, 'proposed.received', { type: 'PERSON_ACCEPTS' })
  await homes.spoken(() => away.isIn('consented.registering'))
  await homes.mined(both(homes, 'registered'))
}

async function active(homes: TwoHomes): Promise<void> {
  await homes.reach(homes.terms().fromSlot)
  await homes.mined(both(homes, 'active'))
}

/** Everything is paid, and nobody watches any more. */
const closed = (homes: TwoHomes): Promise<void> =>
  homes.mined(() => both(homes, 'closed')() && homes.near.isIn('over', 'caring'))

async function watched(homes: TwoHomes): Promise<void> {
  const { near } = homes
  const { fromSlot } = homes.terms()
  await homes.mined(() => near.isIn('watching.use.normal', 'caring'))
  await homes.reading(fromSlot, QUOTA_W + 1)
  await homes.mined(() => near.isIn('watching.use.over', 'caring'))
  await homes.alarm()
  await homes.mined(() => near.isIn('watching.attention.wanted', 'caring'))
  await near.ask({ do: 'saw' })
  await homes.reach(fromSlot + 5)
  await homes.mined(() => near.isIn('watching.hearing.silent', 'caring'))
  await homes.reading(fromSlot + 5, QUOTA_W - 1)
  await homes.reach(fromSlot + 6)
  await homes.mined(
    () => near.isIn('watching.use.normal', 'caring') && near.isIn('watching.hearing.heard', 'caring'),
  )
}

/** Somebody wants it to end, and it is over as soon as the chain says so. */
async function ended(homes: TwoHomes, by: readonly RemoteWatch[]): Promise<void> {
  for (const home of by) await homes.person(home, 'active', ENDS)
  await homes.spoken(() => by.every((home) => home.isIn('ending')))
  await homes.mined(() => homes.isEnded())
  await homes.reach(homes.terms().fromSlot + OVER_AFTER_SLOTS)
  await closed(homes)
}
/** So late the neighbour has answered for every slot before. */
const OVER_AFTER_SLOTS = 9

/** The window is over by itself. */
async function expired(homes: TwoHomes): Promise<void> {
  await homes.reach(homes.terms().untilSlot + 2)
}

const ACCEPTS = { type: 'PERSON_ACCEPTS' } as const
const DECLINES = { type: 'PERSON_DECLINES' } as const
const ENDS = { type: 'PERSON_ENDS' } as const

export const COURSES: Readonly<Record<string, Course>> = {
  'a watch that the home which was away ends': {
    away: ['proposed.sent', 'consented.registering', 'registered', 'active', 'ending', 'closed'],
    near: [
      'proposed.received',
      'consented.preparing',
      'consented.given',
      'caring.watching.use.normal',
      'caring.watching.use.over',
      'caring.watching.attention.wanted',
      'caring.watching.hearing.silent',
      'caring.over',
      'ended.claiming',
      'closed',
    ],
    run: async (homes) => {
      await agreed(homes)
      await active(homes)
      await watched(homes)
      await ended(homes, [homes.away])
    },
  },
  'a watch after four offers, that the neighbour ends': {
    away: [
      'negotiating.theirTurn',
      'negotiating.ourTurn',
      'consented.agreed',
      'ended.owed',
      'ended.returning',
    ],
    near: ['negotiating.theirTurn', 'negotiating.ourTurn', 'registered', 'active', 'ending'],
    run: async (homes) => {
      const { away, near } = homes
      await homes.propose()
      await homes.offer(near, 'proposed.received', 2n)
      await homes.offer(away, 'negotiating.ourTurn', 3n)
      await homes.offer(near, 'negotiating.ourTurn', 4_000_000n)
      await homes.person(away, 'negotiating.ourTurn', ACCEPTS)
      await homes.spoken(() => away.isIn('consented.registering'))
      await homes.mined(both(homes, 'registered'))
      await active(homes)
      await ended(homes, [near])
    },
  },
  'a consent that is withdrawn too late': {
    away: ['consented.registering'],
    near: ['consented.withdrawn', 'ending'],
    run: async (homes) => {
      const { away, near } = homes
      await homes.propose()
      await homes.person(near, 'proposed.received', ACCEPTS)
      await homes.spoken(() => away.isIn('consented.registering'))
      await homes.person(near, 'consented.given', DECLINES)
      await homes.spoken(() => near.isIn('consented.withdrawn'))
      await homes.mined(() => homes.isEnded())
      await homes.reach(homes.terms().fromSlot)
      await closed(homes)
    },
  },
  'a proposal that the neighbour declines': {
    away: ['proposed.sent', 'declined'],
    near: ['proposed.received', 'declined'],
    run: async (homes) => {
      await homes.propose()
      await homes.person(homes.near, 'proposed.received', DECLINES)
      await homes.spoken(both(homes, 'declined'))
    },
  },
  'an offer that the home which is away declines': {
    away: ['negotiating.ourTurn', 'declined'],
    near: ['negotiating.theirTurn', 'declined'],
    run: async (homes) => {
      await homes.propose()
      await homes.offer(homes.near, 'proposed.received', 2n)
      await homes.person(homes.away, 'negotiating.ourTurn', DECLINES)
      await homes.spoken(both(homes, 'declined'))
    },
  },
  'a proposal that nobody answers': {
    away: ['declined'],
    near: ['declined'],
    run: async (homes) => {
      await homes.propose()
      await homes.spoken(() => homes.near.isIn('proposed.received'))
      await homes.reach(homes.terms().fromSlot + 1)
      await homes.restart()
      await homes.spoken(both(homes, 'declined'))
    },
  },
  'a reward that is not there': {
    refuses: true,
    away: ['consented.registering', 'failed'],
    near: ['consented.given', 'failed'],
    run: async (homes) => {
      const { away, near } = homes
      await homes.propose({ rewardMicroSct: TOO_MUCH })
      await homes.person(near, 'proposed.received', ACCEPTS)
      await homes.mined(() => away.isIn('failed'))
      await expired(homes)
      await homes.mined(() => near.isIn('failed'))
    },
  },
  'a watch that is over by itself, with clocks a minute apart': {
    apartMs: 60_000,
    away: ['proposed.sent', 'active', 'ended.owed'],
    near: ['consented.given', 'active', 'ended.claiming'],
    run: async (homes) => {
      await agreed(homes)
      await active(homes)
      await expired(homes)
      await closed(homes)
    },
  },
  'a reward that nobody claims': {
    away: ['ended.owed', 'ended.returning'],
    near: ['closed'],
    run: async (homes) => {
      const { away, near } = homes
      await agreed(homes)
      await active(homes)
      homes.asleep = near
      await expired(homes)
      await homes.mined(() => away.isIn('ended.owed'))
      await homes.reach(homes.terms().untilSlot + CLAIM_SLOTS + 1)
      await homes.mined(() => away.isIn('closed'))
      homes.asleep = null
      await closed(homes)
    },
  },
  'a watch that is called off, whose reward somebody else has returned': {
    away: ['ended.owed'],
    near: ['registered'],
    run: async (homes) => {
      const { away, near } = homes
      await agreed(homes)
      ;[homes.asleep, homes.cut] = [near, true]
      await homes.person(away, 'registered', ENDS)
      await homes.mined(() => homes.isEnded())
      await homes.reach(homes.terms().fromSlot)
      await homes.mined(() => away.isIn('ended.owed'))
      await homes.returnReward()
      await homes.mined(() => away.isIn('closed'))
      ;[homes.asleep, homes.cut] = [null, false]
      await homes.mined(both(homes, 'closed'))
    },
  },
  'a reward that neither may have: their tokens are frozen': {
    refuses: true,
    away: ['ended.returning', 'closed'],
    near: ['ended.claiming', 'closed'],
    run: async (homes) => {
      const { away, near } = homes
      await agreed(homes)
      await active(homes)
      await homes.freeze(true)
      await expired(homes)
      await homes.mined(() => near.isIn('closed') && away.isIn('ended.owed'))
      await homes.reach(homes.terms().untilSlot + CLAIM_SLOTS + 1)
      await closed(homes)
      await homes.freeze(false)
    },
  },
  'an agreement that is taken back before it is heard': {
    refuses: true,
    away: ['consented.agreed', 'declined'],
    near: ['declined'],
    run: async (homes) => {
      const { away, near } = homes
      await homes.propose()
      await homes.offer(near, 'proposed.received', 2n)
      await homes.spoken(() => away.isIn('negotiating.ourTurn'))
      homes.cut = true
      await homes.person(away, 'negotiating.ourTurn', ACCEPTS)
      await homes.spoken(() => away.isIn('consented.agreed') && homes.lost > 0)
      await homes.person(away, 'consented.agreed', DECLINES)
      homes.cut = false
      await homes.spoken(both(homes, 'declined'))
    },
  },
  'a watch that both end at once': {
    refuses: true,
    away: ['ending'],
    near: ['ending', 'caring.over'],
    run: async (homes) => {
      await agreed(homes)
      await active(homes)
      await ended(homes, homes.homes)
    },
  },
  'a negotiation while the line is cut now and then': {
    away: ['proposed.sent', 'consented.registering'],
    near: ['consented.preparing', 'consented.given'],
    run: async (homes) => {
      const { away, near } = homes
      homes.cut = true
      await homes.propose()
      await homes.spoken(() => away.isIn('proposed.sent') && homes.lost > 0)
      homes.cut = false
      await homes.spoken(() => near.isIn('proposed.received'))
      homes.cut = true
      await homes.person(near, 'proposed.received', ACCEPTS)
      await homes.spoken(() => near.isIn('consented.given') && homes.lost > 1)
      homes.cut = false
      await homes.spoken(() => away.isIn('consented.registering'))
      await homes.mined(both(homes, 'registered'))
      await active(homes)
      await ended(homes, [away])
    },
  },
}

/** More than the home that is away has, in micro-SCT. */
const TOO_MUCH = '5000000000'
const CLAIM_SLOTS = CLAIM_MS / 60_000
