import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { caringMachine } from '../../actors/caring/machine.ts'
import { delegationMachine } from '../../actors/delegation/machine.ts'
import { leafStates } from '../machines/coverage.ts'
import { count } from '../machines/inspection.mjs'
import { COURSES, type Course } from './courses.ts'
import { HOOKS, type Death } from './home-wire.ts'
import type { Died } from './remote-watch.ts'
import { TwoHomes } from './two-homes.ts'

/*
 * Two homes are killed in every state of a delegation and of the care, each on its side, at a moment that
 * chance chooses, again and again in one delegation; they come to the end of the run that nobody disturbed,
 * with the same calls and the same money. METERHOOD_CRASHES=all tries every state at every moment.
 */

const ALL = process.env['METERHOOD_CRASHES'] === 'all'
const SEED = Number(process.env['METERHOOD_SEED'] ?? Date.now() % 1_000_000)
const TRIES_MOST = 4

/** What a state does, if it does something outside of its home: a word, a call, or what it asks for. */
const DEED_OF_STATE: Readonly<Record<string, string>> = {
  'proposed.sent': 'propose',
  'negotiating.theirTurn': 'counter',
  'consented.preparing': 'number',
  'consented.given': 'consent',
  'consented.withdrawn': 'decline',
  'consented.agreed': 'agree',
  'consented.registering': 'registerDelegation',
  ending: 'endDelegation',
  'ended.claiming': 'claimReward',
  'ended.returning': 'returnReward',
  'watching.use.normal': 'acknowledge',
  'watching.use.over': 'acknowledge',
  'watching.hearing.silent': 'acknowledge',
}

type Side = 'away' | 'near'
type Deaths = Readonly<Record<Side, readonly Death[]>>

/** The courses in which a home is killed in a state: all that have it, or one by chance. */
function coursesOf(side: Side, state: string, chance: number): readonly Course[] {
  const having = Object.values(COURSES).filter((course) => course[side].includes(state))
  const chosen = having[chance % having.length]
  return ALL || chosen === undefined ? having : [chosen]
}

/** A way to die in every state of a course, by chance, or the `round`-th of all ways. */
function deathsOf(course: Course, side: Side, round: number | null): Death[] {
  return course[side].flatMap((name) => {
    const [whichCourse = 0, way = 0] = chancesOf(side, name)
    if (!coursesOf(side, name, whichCourse).includes(course)) return []
    const [machine, state] = name.startsWith('caring.')
      ? (['caring', name.slice('caring.'.length)] as const)
      : (['delegation', name] as const)
    const deed = DEED_OF_STATE[state] ?? null
    const at = deed === null || course.refuses ? 0 : (round ?? way)
    return [{ machine, state, deed, hook: HOOKS[at % HOOKS.length] ?? 'after persist' }]
  })
}

/** The same for a state and a seed. */
function chancesOf(side: Side, state: string): number[] {
  const place = Buffer.from(`${side} ${state}`).reduce((sum, byte) => (sum * 31 + byte) % 65_521, 0)
  return fc.sample(fc.nat(), { numRuns: 2, seed: SEED + place })
}

const cellOf = (side: Side, { state, hook }: Death): string => `${side}: ${state} ${hook}`

const NOBODY: Deaths = { away: [], near: [] }
const diedOf = (homes: TwoHomes): Readonly<Record<Side, readonly Died[]>> => ({
  away: [...homes.away.died],
  near: [...homes.near.died],
})

/** A course from the proposal to its end, with these deaths. */
async function lived(homes: TwoHomes, course: Course, deaths: Deaths) {
  await homes.begin({ deaths, apartMs: course.apartMs ?? 0 })
  const before = await homes.balances()
  await course.run(homes)
  await homes.settled()
  const gains = (await homes.balances()).map((balance, index) => balance - (before[index] ?? 0n))
  const states = homes.homes.map((home) => home.states)
  return { end: { gains, states, deeds: await homes.deeds() }, died: diedOf(homes) }
}

const left = (deaths: readonly Death[], died: readonly Died[]): Death[] =>
  deaths.filter(
    (death) => !died.some(({ death: { state, hook } }) => state === death.state && hook === death.hook),
  )

describe(`two homes killed by SIGKILL in every state of a delegation (seed ${SEED})`, () => {
  const rounds = ALL ? HOOKS.map((_, round) => round) : [null]
  const killedIn = new Set<string>()
  let homes: TwoHomes

  beforeAll(async () => {
    homes = await TwoHomes.open()
  }, 60_000)
  afterAll(() => homes.close())

  const note = (side: Side, died: readonly Died[]): void => {
    for (const { death, within } of died) {
      count('crash', death.machine, cellOf(side, death))
      for (const leaf of within) killedIn.add(`${side} ${death.machine}.${leaf}`)
    }
  }

  it.each(Object.entries(COURSES))(
    '%s: comes to the same end, and does nothing twice',
    { timeout: 120_000 * rounds.length },
    async (_name, course) => {
      const undisturbed = await lived(homes, course, NOBODY)
      const once = Object.entries(undisturbed.end.deeds).filter(([, times]) => times !== 1)
      expect(once.filter(([name]) => name !== 'submit')).toEqual([])
      for (const round of course.refuses ? rounds.slice(0, 1) : rounds) {
        let wanted: Deaths = {
          away: deathsOf(course, 'away', round),
          near: deathsOf(course, 'near', round),
        }
        // One death may step over the next state, which is then tried by itself.
        for (let tries = 0; tries < TRIES_MOST && wanted.away.length + wanted.near.length > 0; tries += 1) {
          const { end, died } = await lived(homes, course, wanted)
          expect(end).toEqual(undisturbed.end)
          note('away', died.away)
          note('near', died.near)
          wanted = { away: left(wanted.away, died.away), near: left(wanted.near, died.near) }
        }
        expect(wanted).toEqual(NOBODY)
      }
    },
  )

  afterAll(() => {
    const deaths = (side: Side) =>
      Object.values(COURSES).flatMap((course) => HOOKS.flatMap((_, round) => deathsOf(course, side, round)))
    for (const side of ['away', 'near'] as const)
      for (const death of deaths(side)) count('cell', death.machine, cellOf(side, death))
  })

  it('leaves no state out, on the side or the sides that have it', () => {
    const never = expected().filter((state) => !killedIn.has(state))
    process.stdout.write(`killed in ${killedIn.size} states: ${[...killedIn].sort().join(', ')}\n`)
    expect(never).toEqual([])
  })
})

/** No machine is ever kept in these: they are left in the step that enters them. */
const PASSED = ['opening', 'ended.parting', 'ended.settled']
/** States that only one role has. */
const ONLY: Readonly<Record<Side, readonly string[]>> = {
  away: ['proposed.sent', 'consented.agreed', 'consented.registering', 'ended.owed', 'ended.returning'],
  near: [
    'proposed.received',
    'consented.preparing',
    'consented.given',
    'consented.withdrawn',
    'ended.claiming',
  ],
}

function expected(): string[] {
  const kept = leafStates(delegationMachine).filter((state) => !PASSED.includes(state))
  const ofSide = (side: Side, other: Side): string[] =>
    kept.filter((state) => !ONLY[other].includes(state)).map((state) => `${side} delegation.${state}`)
  const care = leafStates(caringMachine).map((state) => `near caring.${state}`)
  return [...ofSide('away', 'near'), ...ofSide('near', 'away'), ...care]
}
