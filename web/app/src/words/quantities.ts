import type { CalibrationView } from '../../../read-model.ts'

/** How a quantity is called and written: the gateway's small whole units, people's larger ones. */
export interface QuantityWords {
  readonly name: string
  readonly unit: string
  /** Small units in one of people's. */
  readonly parts: number
  readonly digits: number
  /** What the reference is and what must run meanwhile, for whoever holds it. */
  readonly advice: string
}

const CLAMP = 'Put the reference on the same circuit and let a steady load run, a kettle say.'
const BESIDE = 'Put the reference beside the board and wait a quarter of an hour.'

export const QUANTITY_WORDS: Readonly<Record<CalibrationView['quantity'], QuantityWords>> = {
  voltage: { name: 'Voltage', unit: 'V', parts: 1000, digits: 1, advice: CLAMP },
  current: { name: 'Current', unit: 'A', parts: 1000, digits: 2, advice: CLAMP },
  power: { name: 'Power', unit: 'W', parts: 1000, digits: 0, advice: CLAMP },
  temperature: { name: 'Temperature', unit: '°C', parts: 100, digits: 1, advice: BESIDE },
  humidity: { name: 'Humidity', unit: '%', parts: 10, digits: 1, advice: BESIDE },
}

/** An amount as people read it: `229.8 V`. */
export function written(amount: number, { unit, parts, digits }: QuantityWords): string {
  const format = new Intl.NumberFormat(undefined, {
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
  })
  return `${format.format(amount / parts)}\u00a0${unit}`
}

/** What a person typed, in the gateway's units; null when it is no number. */
export function typed(text: string, { parts }: QuantityWords): number | null {
  const plain = text.trim().replace(',', '.')
  return /^-?\d+(\.\d+)?$/.test(plain) ? Math.round(Number(plain) * parts) : null
}

/** What a setting does to a reading: `+0.4 %` of a gain, `−0.3 °C` of an offset. */
export function correction(quantity: CalibrationView, words: QuantityWords): string {
  if (quantity.gainPpm === null || quantity.offset === null) return 'not known here'
  if (quantity.least === null)
    return quantity.offset === 0 ? 'none' : signed(quantity.offset / words.parts, words.unit)
  return quantity.gainPpm === 1_000_000 ? 'none' : signed((quantity.gainPpm - 1_000_000) / 10_000, '%')
}

function signed(value: number, unit: string): string {
  const format = new Intl.NumberFormat(undefined, { maximumFractionDigits: 2, signDisplay: 'exceptZero' })
  return `${format.format(value)}\u00a0${unit}`
}
