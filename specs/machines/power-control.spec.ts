import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createActor } from 'xstate'
import { livePowerControl } from '../../actors/power-control/live.ts'
import type { PowerControlEvent } from '../../actors/power-control/machine.ts'
import { powerControlMachine } from '../../actors/power-control/machine.ts'
import { ALARM_CODES, ALARM_TEXT_BYTES_MAX } from '../../protocols/messages/alarm-payload.ts'
import type { AlarmDraft } from '../../protocols/rules/alarm.ts'
import { OVERRIDE_MAX_MS } from '../../protocols/rules/power-control.ts'
import type { TripProfileName } from '../../protocols/rules/trip-curve.ts'
import { HEAT_TO_TRIP, HEAT_TO_WARN, TRIP_PROFILES } from '../../protocols/rules/trip-curve.ts'
import { Seen } from './coverage.ts'

const CONTRACT = 3_000
const BEGIN = 1_800_000_000_000
const STEP = 2_000
const seen = new Seen()

/** A home with a switch: its relay may be stuck, and forgets to answer when it is. */
function home(profile: TripProfileName = 'icp-m') {
  const alarms: AlarmDraft[] = []
  const commands: string[] = []
  const relay = { closed: true, stuck: false }
  let t = BEGIN
  const command = (name: string, closed: boolean) => (): Promise<void> => {
    commands.push(name)
    if (relay.stuck) return Promise.reject(new Error('no answer'))
    relay.closed = closed
    return Promise.resolve()
  }
  const machine = livePowerControl({
    openRelay: command('open', false),
    closeRelay: command('close', true),
    tell: (alarm) => alarms.push(alarm),
  })
  const actor = createActor(machine, { input: { profile, contractedW: CONTRACT, maxGapMs: 3 * STEP } })
  actor.subscribe(({ value }) => seen.note(value))
  actor.start()
  const state = () => JSON.stringify(actor.getSnapshot().value)
  return {
    alarms,
    commands,
    relay,
    actor,
    state,
    is: (part: string) => state().includes(`"${part}"`),
    heat: () => actor.getSnapshot().context.heat,
    send: (event: PowerControlEvent) => actor.send(event),
    now: () => t,
    /** One reading after `ms`; the relay's answers arrive before the next. */
    read: async (multiple: number, ms = STEP) => {
      t += ms
      const powerW = relay.closed ? CONTRACT * multiple : 0
      actor.send({ type: 'READING', t, slot: Math.floor(t / STEP), powerW, relayClosed: relay.closed })
      await Promise.resolve()
      await Promise.resolve()
    },
    settle: async () => {
      await Promise.resolve()
      await Promise.resolve()
    },
  }
}

type Home = ReturnType<typeof home>

async function readMany(living: Home, multiple: number, times: number): Promise<void> {
  for (let i = 0; i < times; i++) await living.read(multiple)
}

async function tripped(profile: TripProfileName = 'icp-m'): Promise<Home> {
  const living = home(profile)
  await readMany(living, 2, profile === 'icp-m' ? 6 : 157)
  expect(living.is('open')).toBe(true)
  return living
}

const codes = ({ alarms }: Home) => alarms.map(({ code }) => code)

describe('below and above the contract', () => {
  it('stays normal', async () => {
    const living = home()
    await readMany(living, 1, 100)
    expect(living.is('normal')).toBe(true)
    expect(living.heat()).toBe(0)
    expect(living.alarms).toEqual([])
  })

  it('goes over and accumulates', async () => {
    const living = home()
    await readMany(living, 2, 2)
    expect(living.is('over')).toBe(true)
    expect(living.heat()).toBe(HEAT_TO_TRIP / 5)
  })

  it('trips at once', async () => {
    const living = home()
    await living.read(1)
    await living.read(12)
    expect(living.is('tripped')).toBe(true)
    expect(living.commands).toEqual(['open'])
    expect(living.relay.closed).toBe(false)
  })

  it('is normal again and cools', async () => {
    const living = home()
    await readMany(living, 2, 2)
    await living.read(0.9)
    expect(living.is('normal')).toBe(true)
    const heat = living.heat()
    await living.read(0.9)
    expect(living.heat()).toBeLessThan(heat)
  })

  it('warns before it trips', async () => {
    const living = home()
    await readMany(living, 2, 4)
    expect(living.is('warned')).toBe(true)
    expect(codes(living)).toEqual(['power-over'])
    expect(living.alarms[0]?.text).toBe('6.0 kW is too much: power will be cut in 4 s.')
    expect(living.commands).toEqual([])
  })

  it('takes the warning back', async () => {
    const living = home()
    await readMany(living, 2, 4)
    await readMany(living, 0.5, 200)
    expect(living.is('normal')).toBe(true)
    expect(living.heat()).toBe(0)
  })

  it('opens the relay and says so', async () => {
    const living = await tripped()
    expect(living.relay.closed).toBe(false)
    expect(codes(living)).toEqual(['power-over', 'power-trip'])
  })
})

describe('after a trip', () => {
  it('stays open until a person restores', async () => {
    const living = await tripped()
    await readMany(living, 1, 50)
    expect(living.is('open')).toBe(true)
    expect(living.commands).toEqual(['open'])
  })

  it('says so and tells the relay again at every reading', async () => {
    const living = home()
    living.relay.stuck = true
    await readMany(living, 2, 6)
    expect(living.is('failing')).toBe(true)
    expect(codes(living)).toContain('board-fault')
    await readMany(living, 2, 2)
    expect(living.commands).toEqual(['open', 'open', 'open'])
    living.relay.stuck = false
    await living.read(2)
    expect(living.is('open')).toBe(true)
    expect(living.actor.getSnapshot().context.relayFailures).toBe(0)
  })

  it('opens a relay that closed by itself', async () => {
    const living = await tripped()
    living.relay.closed = true
    await living.read(0)
    expect(living.commands).toEqual(['open', 'open'])
    expect(living.relay.closed).toBe(false)
  })

  it('closes the relay and says so', async () => {
    const living = await tripped()
    living.send({ type: 'RESTORE' })
    await living.settle()
    expect(living.is('closed')).toBe(true)
    expect(living.relay.closed).toBe(true)
    expect(codes(living).at(-1)).toBe('power-restored')
    await living.read(0.5)
    expect(living.is('normal')).toBe(true)
  })

  it('has at most half of its patience', async () => {
    const living = await tripped()
    living.send({ type: 'RESTORE' })
    expect(living.heat()).toBeLessThan(HEAT_TO_WARN)
  })

  it('trips again sooner than the first time', async () => {
    const living = await tripped()
    living.send({ type: 'RESTORE' })
    await living.settle()
    await readMany(living, 2, 3)
    expect(living.relay.closed).toBe(false)
    expect(living.commands).toEqual(['open', 'close', 'open'])
  })

  it('leaves the supply off when the relay does not close', async () => {
    const living = await tripped()
    living.relay.stuck = true
    living.send({ type: 'RESTORE' })
    await living.settle()
    expect(living.is('stuck')).toBe(true)
    expect(codes(living).at(-1)).toBe('board-fault')
    await readMany(living, 1, 5)
    expect(living.relay.closed).toBe(false)
    expect(living.commands).toEqual(['open', 'close'])
  })

  it('can be restored again', async () => {
    const living = await tripped()
    living.relay.stuck = true
    living.send({ type: 'RESTORE' })
    await living.settle()
    living.relay.stuck = false
    living.send({ type: 'RESTORE' })
    await living.settle()
    expect(living.is('closed')).toBe(true)
  })
})

describe('a person who keeps the supply on', () => {
  const override = (living: Home, ms: number) =>
    living.send({ type: 'OVERRIDE', t: living.now(), untilMs: living.now() + ms })

  it('warns and does not trip', async () => {
    const living = home()
    override(living, 3_600_000)
    await readMany(living, 2, 50)
    expect(living.is('warned')).toBe(true)
    expect(living.is('overridden')).toBe(true)
    expect(living.commands).toEqual([])
  })

  it('closes an open relay', async () => {
    const living = await tripped()
    override(living, 3_600_000)
    await living.settle()
    expect(living.relay.closed).toBe(true)
    expect(living.is('overridden')).toBe(true)
  })

  it('trips after the override has ended', async () => {
    const living = home()
    override(living, 40_000)
    await readMany(living, 2, 19)
    expect(living.relay.closed).toBe(true)
    await readMany(living, 2, 2)
    expect(living.is('automatic')).toBe(true)
    expect(living.relay.closed).toBe(false)
  })

  it('decides by itself again', async () => {
    const living = home()
    override(living, 3_600_000)
    await readMany(living, 2, 10)
    living.send({ type: 'OVERRIDE_END' })
    await living.read(2)
    expect(living.relay.closed).toBe(false)
  })

  it('shortens an override to a day', () => {
    const living = home()
    override(living, 10 * OVERRIDE_MAX_MS)
    expect(living.actor.getSnapshot().context.overrideUntilMs).toBe(BEGIN + OVERRIDE_MAX_MS)
    override(living, -1)
    expect(living.actor.getSnapshot().context.overrideUntilMs).toBe(BEGIN + OVERRIDE_MAX_MS)
  })
})

describe('readings', () => {
  it('cuts nobody off by a guess', async () => {
    const living = home()
    await living.read(1)
    await living.read(2, 3_600_000)
    expect(living.is('warned')).toBe(true)
    expect(living.relay.closed).toBe(true)
    expect(living.heat()).toBe((3 * STEP * HEAT_TO_TRIP) / 10_000)
  })

  it('counts no time that goes back', async () => {
    const living = home()
    await readMany(living, 2, 2)
    const heat = living.heat()
    await living.read(5, -60_000)
    expect(living.heat()).toBe(heat)
  })

  it('judges the next reading by the new contract', async () => {
    const living = home()
    await living.read(2)
    living.send({ type: 'CONTRACT', contractedW: 2 * CONTRACT, profile: 'smart-meter' })
    await living.read(2)
    expect(living.is('normal')).toBe(true)
  })

  it('trips a smart meter within its published band', async () => {
    const living = home('smart-meter')
    let readings = 0
    while (living.relay.closed && readings < 400) {
      await living.read(2)
      readings += 1
    }
    const point = TRIP_PROFILES['smart-meter'].points.find(
      ({ multiplePermille }) => multiplePermille === 2_000,
    )
    expect((readings - 1) * STEP).toBeGreaterThanOrEqual(point?.leastMs ?? 0)
    expect((readings - 1) * STEP).toBeLessThanOrEqual(point?.mostMs ?? 0)
  })
})

type Doing = { readonly multiple: number } | 'restore' | 'override' | 'end' | 'stick' | 'free'

describe('whatever happens', () => {
  const doing: fc.Arbitrary<Doing> = fc.oneof(
    { weight: 8, arbitrary: fc.record({ multiple: fc.integer({ min: 0, max: 40 }).map((n) => n / 4) }) },
    { weight: 1, arbitrary: fc.constantFrom<Doing>('restore', 'override', 'end', 'stick', 'free') },
  )

  it('the relay opens only after an excess, closes only by hand, and alarms fit their room', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(doing, { maxLength: 60 }), async (doings) => {
        const living = home()
        let hands = 0
        for (const what of doings) {
          if (what === 'restore' || what === 'override') hands += 1
          await perform(living, what)
        }
        const closes = living.commands.filter((command) => command === 'close').length
        if (hands === 0) expect(closes).toBe(0)
        if (doings.every((what) => typeof what !== 'object' || what.multiple <= 1)) {
          expect(living.commands).toEqual([])
        }
        for (const { code, text } of living.alarms) {
          expect(Object.keys(ALARM_CODES)).toContain(code)
          expect(new TextEncoder().encode(text).length).toBeLessThanOrEqual(ALARM_TEXT_BYTES_MAX)
        }
      }),
      { numRuns: 200 },
    )
  })

  it('a machine read back from its snapshot goes on the same', async () => {
    const living = home()
    await readMany(living, 2, 4)
    const snapshot = JSON.parse(JSON.stringify(living.actor.getPersistedSnapshot())) as unknown
    expect(snapshot).toMatchObject({ value: { supply: 'warned' }, context: { heat: living.heat() } })
  })
})

async function perform(living: Home, what: Doing): Promise<void> {
  switch (what) {
    case 'restore':
      living.send({ type: 'RESTORE' })
      return living.settle()
    case 'override':
      living.send({ type: 'OVERRIDE', t: living.now(), untilMs: living.now() + 20_000 })
      return living.settle()
    case 'end':
      return living.send({ type: 'OVERRIDE_END' })
    case 'stick':
    case 'free':
      living.relay.stuck = what === 'stick'
      return undefined
    default:
      return living.read(what.multiple)
  }
}

describe('all of it', () => {
  it('was in every state', () => {
    expect(seen.missing(powerControlMachine)).toEqual([])
  })
})
