import { calibrated, channelOf, measuredOf, QUANTITIES } from '../../../protocols/rules/calibration.ts'
import * as power from '../../../protocols/rules/power-control.ts'
import {
  multipleOf,
  timeLeft,
  timeToTrip,
  TRIP_PROFILES,
  tripProfile,
} from '../../../protocols/rules/trip-curve.ts'
import type { Chance } from '../chance.ts'
import { type Ask, refuse } from './asked.ts'
import { heatThen, heldUntil, isHeld, lasts, leftMs, levelOf, loadOf, restoredHeat } from './power-opinion.ts'

const PROFILES = ['icp-m', 'smart-meter'] as const
const LOADS = [
  0, 999, 1_000, 1_001, 1_099, 1_100, 1_129, 1_130, 1_200, 1_449, 1_450, 2_000, 2_700, 5_000, 9_999, 10_001,
]

export function askPower(ask: Ask, chance: Chance): void {
  const known = {
    ...{ profile: chance.pick(PROFILES), contractedW: chance.pick([0, 1_000, 3_450]) },
    heat: chance.pick([0, 1, 499_999_999, 500_000_000, 999_999_999, 1_000_000_000]),
    ...{ lastT: chance.pick([null, 50_000]), maxGapMs: 2_700_000 },
    overrideUntilMs: chance.pick([null, 60_000, 60_001, 59_999]),
  }
  const powerW = Math.ceil((known.contractedW * chance.pick(LOADS)) / 1_000) - chance.whole(0, 1)
  const t = chance.pick([49_999, 50_000, 50_001, 60_000, 3_000_000])
  const profile = TRIP_PROFILES[known.profile]
  const load = loadOf(powerW, known.contractedW)
  ask(
    'power',
    { known, powerW },
    () => multipleOf(powerW, known.contractedW),
    () => load,
  )
  ask(
    'power',
    { known, load },
    () => timeToTrip(profile, load),
    () => lasts(known.profile, load),
  )
  ask(
    'power',
    { known, t, powerW },
    () => power.heatAt(known, { t, powerW }),
    () => heatThen(known, t, powerW),
  )
  ask(
    'power',
    { known, t, powerW },
    () => power.powerLevel(known, { t, powerW }),
    () => levelOf(known, t, powerW),
  )
  ask(
    'power',
    { known, t },
    () => power.isOverridden(known, t),
    () => isHeld(known, t),
  )
  ask(
    'power',
    known,
    () => power.heatWhenRestored(known.heat),
    () => restoredHeat(known.heat),
  )
  const untilMs = t + chance.pick([0, 1, 86_399_999, 86_400_000, 86_400_001])
  ask(
    'power',
    { t, untilMs },
    () => power.overrideUntil(t, untilMs),
    () => heldUntil(t, untilMs),
  )
  ask(
    'power',
    { known, powerW },
    () => power.msToTrip(known, powerW),
    () => leftMs(known, powerW),
  )
  ask(
    'power',
    { known, load },
    () => timeLeft(profile, known.heat, load),
    () => leftMs({ ...known, contractedW: 1_000 }, load),
  )
  const name = chance.pick([...PROFILES, 'another'])
  ask(
    'power',
    name,
    () => tripProfile(name).name,
    () => {
      refuse(name === 'another')
      return name
    },
  )
  askBand(ask, chance)
  askPowerAlarm(ask, chance, known, powerW)
}

/** Our curve stays within the band of its source, and never rises. */
function askBand(ask: Ask, chance: Chance): void {
  const { points } = TRIP_PROFILES[chance.pick(PROFILES)]
  const within = points.every(({ leastMs, tripMs, mostMs }) => leastMs <= tripMs && tripMs <= mostMs)
  const falls = points.every(({ tripMs }, index) => tripMs < (points[index - 1]?.tripMs ?? Infinity))
  ask(
    'power',
    points,
    () => [within, falls],
    () => [true, true],
  )
}

function askPowerAlarm(ask: Ask, chance: Chance, known: power.PowerHeat, powerW: number): void {
  const notice = chance.pick(['warned', 'tripped', 'restored', 'relay-failed'] as const)
  const alarms = {
    warned: ['power-over', 'warning'],
    tripped: ['power-trip', 'critical'],
    restored: ['power-restored', 'info'],
    'relay-failed': ['board-fault', 'critical'],
  } as const
  const said = () => {
    const { text, ...alarm } = power.powerAlarm(notice, known, { powerW, slot: 7 })
    return [alarm, Buffer.byteLength(text) <= 60, notice === 'warned' ? text : '']
  }
  ask('power', { notice, known, powerW }, said, () => {
    const [code, severity] = alarms[notice]
    const left = leftMs(known, powerW)
    const soon =
      left === null
        ? 'soon'
        : left < 120_000
          ? `in ${Math.ceil(left / 1_000)} s`
          : `in ${Math.round(left / 60_000)} min`
    const text = `${(powerW / 1_000).toFixed(1)} kW is too much: power will be cut ${soon}.`
    const alarm = {
      resource: 'power',
      slot: 7,
      value: powerW > 0 ? powerW : 0,
      limit: known.contractedW,
      code,
      severity,
    }
    return [alarm, true, notice === 'warned' ? text : '']
  })
}

type Channels = Readonly<Partial<Record<string, readonly [number, number | null]>>>

/** By board and quantity: the channel, and the least that must be measured; none where an offset is set. */
const CHANNELS: Readonly<Record<'power' | 'comfort' | 'water', Channels>> = {
  power: { voltage: [0, 100_000], current: [1, 1_000], power: [2, 200_000] },
  comfort: { temperature: [0, null], humidity: [1, null] },
  water: {},
}
const OFFSETS: Readonly<Record<string, number>> = { temperature: 500, humidity: 150 }

export function askCalibration(ask: Ask, chance: Chance): void {
  const kind = chance.pick(['power', 'comfort', 'water'] as const)
  const quantity = chance.pick(QUANTITIES)
  const known = CHANNELS[kind][quantity]
  ask(
    'calibration',
    { kind, quantity },
    () => channelOf(kind, quantity).channel,
    () => {
      refuse(known === undefined, 'no-such-channel')
      return known?.[0]
    },
  )
  const before = {
    gainPpm: chance.pick([900_000, 1_000_000, 1_100_000]),
    offset: chance.pick([0, 100, -400]),
  }
  const least = known?.[1] ?? 0
  const measured = least + chance.pick([-1, 0, 1, 50_000])
  const reference = chance.pick([
    measured,
    least - 1,
    least,
    Math.round(measured * 1.2),
    Math.round(measured * 1.25),
    measured + 100,
    measured + 501,
  ])
  ask(
    'calibration',
    { kind, quantity, before, measured, reference },
    () => calibrated(kind, quantity, before, measured, reference),
    () => {
      refuse(known === undefined, 'no-such-channel')
      if (known?.[1] === null) {
        const offset = before.offset + reference - measured
        const most = OFFSETS[quantity] ?? 0
        refuse(offset > most || offset < -most, 'reference-far-off')
        return { gainPpm: before.gainPpm, offset }
      }
      refuse(measured < least || reference < least, 'load-too-small')
      const gainPpm = Math.round((before.gainPpm * reference) / measured)
      refuse(gainPpm < 800_000 || gainPpm > 1_250_000, 'reference-far-off')
      return { gainPpm, offset: before.offset }
    },
  )
  const header = {
    boardId: 1,
    sequence: 1,
    uptimeMs: 1,
    authorised: true,
    calibrated: true,
    sensorFault: false,
  }
  const registers = { importWh: 1, exportWh: 2, powerW: 3, peakPowerW: 4, voltageMv: 5, currentMa: 6 }
  const electric = {
    ...header,
    kind: 'power',
    ...registers,
    powerFactorPermille: 7,
    relayClosed: true,
  } as const
  const air = { ...header, kind: 'comfort', temperatureCentiC: 8, humidityPermille: 9 } as const
  const values: Record<string, number> = { voltage: 5, current: 6, power: 3_000 }
  const airs: Record<string, number> = { temperature: 8, humidity: 9 }
  ask(
    'calibration',
    quantity,
    () => [measuredOf(electric, quantity), measuredOf(air, quantity)],
    () => [values[quantity] ?? null, airs[quantity] ?? null],
  )
}
