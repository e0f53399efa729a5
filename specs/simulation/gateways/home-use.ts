import { type Forecast, keptOf, likelyUse } from '../../../protocols/rules/forecast.ts'
import { slotsOf } from '../../../protocols/rules/billing.ts'
import { periodOf } from '../../../protocols/rules/units.ts'
import { useBySteps } from '../../../protocols/rules/use-history.ts'
import type { EssentialData } from '../../../protocols/rules/reading.ts'
import type { ResourceFacts, TradeFacts } from '../../../protocols/rules/trade-rules/facts.ts'
import { WEEKDAYS } from '../../../protocols/rules/trade-rules/rule.ts'
import type { World } from '../world.ts'

/** Slots of a step: nothing is known in finer ones. */
const PER_STEP = 4
const STEPS_PER_DAY = 24
const KEPT_STEPS = 28 * STEPS_PER_DAY

interface Mark {
  readonly step: number
  readonly slot: number
  readonly importWh: number
  readonly waterMl: number
}

type Traded = 'energy' | 'water'
const registerOf = (mark: Mark, resource: Traded): number =>
  resource === 'energy' ? mark.importWh : mark.waterMl

/** A home's own use, hour by hour, and what it will likely use until its period ends. */
export class HomeUse {
  readonly #world: World
  #marks: Mark[] = []
  #first: Mark | null = null
  /** Registers at the end of the period before. */
  #start: Mark | null = null
  #known: { readonly slot: number; readonly forecasts: Map<Traded, Forecast | null> } | null = null

  constructor(world: World) {
    this.#world = world
  }

  metered(slot: number, { energyImportWh, waterMl }: EssentialData): void {
    const { slotsPerBilling } = this.#world.times
    const mark = { step: Math.floor(slot / PER_STEP), slot, importWh: energyImportWh, waterMl }
    const newest = this.#marks.at(-1)
    this.#first ??= mark
    if (newest !== undefined && periodOf(newest.slot, slotsPerBilling) < periodOf(slot, slotsPerBilling)) {
      this.#start = newest
    }
    if (newest?.step === mark.step) this.#marks.pop()
    this.#marks.push(mark)
    if (this.#marks.length > KEPT_STEPS + STEPS_PER_DAY) this.#marks = this.#marks.slice(-KEPT_STEPS)
  }

  /** What was used in the period so far. */
  used(resource: Traded, period: number): number {
    const newest = this.#marks.at(-1)
    const start = this.#start ?? this.#first
    if (newest === undefined || start === null) return 0
    if (periodOf(newest.slot, this.#world.times.slotsPerBilling) !== period) return 0
    return registerOf(newest, resource) - registerOf(start, resource)
  }

  forecast(resource: Traded, nowSlot: number): Forecast | null {
    if (this.#known?.slot !== nowSlot) this.#known = { slot: nowSlot, forecasts: new Map() }
    const { forecasts } = this.#known
    const kept = forecasts.get(resource)
    if (kept !== undefined) return kept
    const made = this.#forecast(resource)
    forecasts.set(resource, made)
    return made
  }

  #forecast(resource: Traded): Forecast | null {
    const { sampleMs, slotsPerBilling } = this.#world.times
    const newest = this.#marks.at(-1)
    if (newest === undefined) return null
    const { last } = slotsOf(periodOf(newest.slot, slotsPerBilling), slotsPerBilling)
    const fromStep = Math.floor((newest.slot + 1) / PER_STEP)
    const untilStep = Math.max(fromStep, Math.ceil((last + 1) / PER_STEP))
    const registers = this.#marks.map((mark) => ({
      atMs: (mark.slot + 1) * sampleMs,
      register: registerOf(mark, resource),
    }))
    const forecast = likelyUse(useBySteps(registers, PER_STEP * sampleMs, STEPS_PER_DAY), fromStep, untilStep)
    this.#world.watch.foreseen(
      this.#marks.map((mark) => registerOf(mark, resource)),
      forecast,
    )
    return forecast
  }
}

/** What the rules decide on, beside the home's own use. */
export interface Surroundings {
  readonly nowMs: number
  readonly quota: (resource: Traded, period: number) => number
  readonly open: (resource: Traded) => { readonly offered: number; readonly buying: number }
  readonly balanceMicroSct: bigint
  readonly ceilings: Readonly<Record<Traded, number>>
  readonly today: TradeFacts['today']
}

export function factsOf(world: World, use: HomeUse, around: Surroundings): TradeFacts {
  const { sampleMs, slotsPerBilling } = world.times
  const slot = Math.floor(around.nowMs / sampleMs)
  const period = periodOf(slot, slotsPerBilling)
  const of = (resource: Traded): ResourceFacts => {
    const quota = around.quota(resource, period)
    const forecast = use.forecast(resource, slot)
    const left = Math.max(0, quota - use.used(resource, period))
    return {
      quota,
      left,
      likely: keptOf(forecast, left),
      usual: forecast?.usual ?? 0,
      ...around.open(resource),
      marketPriceMicroSct: null,
      ceilingMicroSct: around.ceilings[resource],
    }
  }
  const now = new Date(around.nowMs)
  return {
    period,
    periodEndsInMs: (slotsOf(period, slotsPerBilling).last + 1) * sampleMs - around.nowMs,
    local: {
      day: now.toISOString().slice(0, 10),
      weekday: WEEKDAYS[(now.getUTCDay() + 6) % 7] ?? 'monday',
      minute: now.getUTCHours() * 60 + now.getUTCMinutes(),
    },
    balanceMicroSct: Number(around.balanceMicroSct),
    resources: { energy: of('energy'), power: NO_POWER, water: of('water') },
    today: around.today,
  }
}

/** No power is lent in the simulation. */
const NO_POWER: ResourceFacts = {
  quota: 0,
  left: 0,
  likely: 0,
  usual: 0,
  offered: 0,
  buying: 0,
  marketPriceMicroSct: null,
  ceilingMicroSct: null,
}
