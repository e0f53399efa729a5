import { badField } from './fault.ts'

declare const unit: unique symbol

/** An integer that knows its unit, so that a price cannot pass for an energy. */
export type Quantity<Name extends string> = number & { readonly [unit]: Name }

/** Energy, watt hours. */
export type EnergyWh = Quantity<'Wh'>
/** Power, watts. */
export type PowerW = Quantity<'W'>
/** Water, millilitres. */
export type WaterMl = Quantity<'mL'>
/** A moment, milliseconds since the Unix epoch. */
export type UnixMs = Quantity<'ms'>
/** One sample period of one home: floor(unix ms at the end of the sample period / T). */
export type Slot = Quantity<'slot'>
/** One billing period: floor(slot / slots per billing period). */
export type Period = Quantity<'period'>

const natural = <Name extends string>(field: string, max: number) => {
  return (value: number): Quantity<Name> => {
    if (!Number.isSafeInteger(value) || value < 0 || value > max) {
      throw badField(field, `an integer from 0 to ${max}`, value)
    }
    return value as Quantity<Name>
  }
}

const U32_MAX = 0xffff_ffff

export const energyWh = natural<'Wh'>('energyWh', Number.MAX_SAFE_INTEGER)
export const powerW = natural<'W'>('powerW', U32_MAX)
export const waterMl = natural<'mL'>('waterMl', Number.MAX_SAFE_INTEGER)
export const unixMs = natural<'ms'>('unixMs', Number.MAX_SAFE_INTEGER)
export const slotNumber = natural<'slot'>('slot', Number.MAX_SAFE_INTEGER)
export const periodNumber = natural<'period'>('period', Number.MAX_SAFE_INTEGER)

/** The slot that a sample period ending at `endMs` belongs to; `sampleMs` is T. */
export function slotAt(endMs: number, sampleMs: number): Slot {
  return slotNumber(Math.floor(endMs / sampleMs))
}

/** The billing period that a slot belongs to. */
export function periodOf(slot: number, slotsPerBilling: number): Period {
  return periodNumber(Math.floor(slot / slotsPerBilling))
}
