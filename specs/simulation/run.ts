import { Household } from './household.ts'
import { digestOf } from './chain/call-bytes.ts'
import type { HomeGateway } from './gateways/home.ts'
import type { SimulationOptions } from './options.ts'
import { checkEnd } from './at-the-end.ts'
import { checkHour } from './each-hour.ts'
import { rehearse } from './opinions/rehearsal.ts'
import { World } from './world.ts'
import type { Violation } from './watch.ts'

const DAY_MS = 86_400_000
const HOUR_MS = 3_600_000
/** After the last day all is well, and everything must come to its end. */
const QUIET_DAYS = 2
/** The last block reaches everybody. */
const LAST_BLOCK_MS = 5_000

/** Homes of one community meter a slot within so long, each at its own moment. */
const METERED_WITHIN_MS = 8_000

const RESTART_AFTER_MS = 1_000
/** Readings in which a board's restart may still be felt. */
const DISTURBED_SLOTS = 3

/** What a simulation found. */
export interface SimulationReport {
  readonly options: SimulationOptions
  readonly invariantsChecked: number
  readonly byInvariant: Readonly<Record<string, number>>
  readonly faultsInjected: number
  readonly byFault: Readonly<Record<string, number>>
  readonly violations: number
  readonly found: readonly Violation[]
  readonly counts: Readonly<Record<string, number>>
  readonly refusals: Readonly<Record<string, number>>
  readonly digest: string
}

export interface Progress {
  readonly day: number
  readonly days: number
}

/** Runs a community by its seed. The same options always end in the same digest. */
export async function simulate(
  options: SimulationOptions,
  onProgress: (progress: Progress) => void = () => undefined,
  prepare: (world: World) => void = () => undefined,
): Promise<SimulationReport> {
  const world = new World(options)
  prepare(world)
  const giveBack = world.time.takeTimers()
  try {
    await passDays(world, onProgress)
    checkEnd(world)
    return reportOf(world)
  } finally {
    giveBack()
  }
}

async function passDays(world: World, onProgress: (progress: Progress) => void): Promise<void> {
  const { time, times, options, faults } = world
  await world.start()
  await time.passUntil(times.startMs)
  faults.on = options.faults > 0
  for (let day = 0; day < options.days; day += 1) {
    const dayMs = times.startMs + day * DAY_MS
    await rehearse(world, day)
    faults.plan(dayMs)
    planSlots(world, dayMs)
    for (let hour = 1; hour <= 24; hour += 1) {
      await time.passUntil(dayMs + hour * HOUR_MS)
      checkHour(world)
      if (options.stopsAtFirst && world.watch.found > 0) return
    }
    onProgress({ day: day + 1, days: options.days })
  }
  faults.heal()
  const endMs = times.startMs + options.days * DAY_MS
  planLastSlots(world, endMs)
  await time.passUntil(endMs + QUIET_DAYS * DAY_MS + LAST_BLOCK_MS)
}

/** Every sample period of a day, at every home at a moment of its own. */
function planSlots(world: World, dayMs: number): void {
  const { times } = world
  for (let slot = dayMs / times.sampleMs; slot < (dayMs + DAY_MS) / times.sampleMs; slot += 1) {
    for (const home of world.homes) planSlot(world, home, slot)
  }
}

/** A few slots of the next period, so that the last one has its anchors. */
function planLastSlots(world: World, endMs: number): void {
  const first = endMs / world.times.sampleMs
  for (let slot = first; slot < first + 2 * world.options.batch; slot += 1) {
    for (const home of world.homes) planSlot(world, home, slot)
  }
}

function planSlot(world: World, home: HomeGateway, slot: number): void {
  const intoMs = 30_000 + ((home.index * 7_919) % METERED_WITHIN_MS)
  world.time.at(slot * world.times.sampleMs + intoMs, () => meter(world, home, slot))
}

function meter({ time, times, faults }: World, home: HomeGateway, slot: number): void {
  const { household } = home
  const nowMs = time.nowMs()
  household.live(slot, times.sampleMs)
  // What befell a board while its home hears nothing is met when it hears again.
  const isDeaf = home.life.dead || !home.isOperating()
  if (isDeaf && slot <= household.disturbedUntil) household.disturb(slot + DISTURBED_SLOTS)
  const fault = faults.boardFault()
  // A home's first frame has nothing that it could be held against.
  if (fault === 'spike' && home.registers.get().last !== null) {
    household.disturb(slot + 1)
    home.take(Household.spiked(household.frames(nowMs - 1_000)))
  }
  const frames = household.frames(nowMs)
  if (fault === 'lost') {
    household.disturb(slot + 1)
    home.take(frames.slice(0, 1))
  } else home.take(frames)
  if (fault === 'twice') {
    household.disturb(slot + 1)
    home.take(frames)
  }
  if (fault === 'restart') {
    household.disturb(slot + DISTURBED_SLOTS)
    time.after(RESTART_AFTER_MS, () => {
      // What a board counted and nobody had heard is gone for ever: no gateway could bill it.
      if (home.slots.has(slot)) household.restart(slot % 2 === 0 ? 0 : 1, time.nowMs())
    })
  }
}

function reportOf(world: World): SimulationReport {
  const { watch, faults, chain, community, homes, transport } = world
  const trades = [...chain.contracts.trading.auctions()].map(([, auction]) => auction)
  const counts = {
    readings: community.readings.size,
    blocks: chain.blocks.length,
    forks: chain.forks,
    calls: homes.reduce((sum, { store }) => sum + store.nextNonce.get(), community.store.nextNonce.get()),
    steps: watch.steps,
    words: transport.said,
    alarms: community.lastAlarm.get(),
    totals: community.totals.size,
    offers: trades.length,
    settled: trades.filter(({ state }) => state === 'settled').length,
    failedAuctions: trades.filter(({ state }) => state === 'failed').length,
    delegations: chain.contracts.delegations.size,
  }
  const ended = JSON.stringify([counts, watch.checked, faults.counts(), watch.found, watch.failures])
  return {
    options: world.options,
    invariantsChecked: watch.checks(),
    byInvariant: watch.checked,
    faultsInjected: faults.total(),
    byFault: faults.counts(),
    violations: watch.found,
    found: watch.violations,
    counts,
    refusals: watch.failures,
    digest: digestOf(world.digest, ended).slice(2),
  }
}
