import { hexlify, keccak256, type Interface } from 'ethers'
import { resourceNumber } from '../../protocols/rules/excess.ts'
import { decodePoint, encodeScalar, POINT_BYTES, type Point } from '../../protocols/crypto/group.ts'
import { checkOpening } from '../../protocols/crypto/opening.ts'
import {
  differenceOf,
  differenceOfBlindings,
  QUANTITIES,
  type PerQuantity,
} from '../../protocols/crypto/points.ts'
import type { ExcessKey } from '../excess-events.ts'
import type { HeldReading, PeriodEnds } from './held-readings.ts'

const PEAK = 3

/** A record as the quota contract wants it shown: everything that its digest was made of. */
function shown({ record }: HeldReading): readonly unknown[] {
  const { slot, sequence, epoch, delegation, wire, points, extended } = record
  return [slot, sequence, epoch, delegation, keccak256(wire), hexlify(points), hexlify(extended)]
}

const pointOf = ({ record }: HeldReading, place: keyof PerQuantity<Point> & number): Point =>
  decodePoint(record.points.slice(place * POINT_BYTES, (place + 1) * POINT_BYTES), 'points')

/** `assertExcess`, or for power `assertPeak` with the number of the record that shows the peak. */
export function assertionCall(
  abi: Interface,
  { home, period, resource }: ExcessKey,
  amount: number,
  record: number,
): string {
  return resource === 'power'
    ? abi.encodeFunctionData('assertPeak', [home, period, record, amount])
    : abi.encodeFunctionData('assertExcess', [home, period, resourceNumber(resource), amount])
}

export const withdrawalCall = (abi: Interface, { home, period, resource }: ExcessKey): string =>
  abi.encodeFunctionData('withdrawExcess', [home, period, resourceNumber(resource)])

/**
 * `openExcess` with the difference of the two anchors. Null when it does not open the points that the home
 * itself put on the chain, as the contract would find.
 */
export function differenceOpening(abi: Interface, key: ExcessKey, ends: PeriodEnds): string | null {
  const place = key.resource === 'energy' ? 0 : 2
  const { start, end, startPeriod } = ends
  const value = end.values[place] - start.values[place]
  const blinding = differenceOfBlindings(end.blindings[place], start.blindings[place])
  const point = differenceOf(pointOf(end, place), pointOf(start, place))
  if (value < 0n || !checkOpening(point, { quantity: QUANTITIES[place], value, blinding })) return null
  const about = [key.home, key.period, resourceNumber(key.resource), startPeriod]
  const args = [...about, shown(start), shown(end), value, hexlify(encodeScalar(blinding))]
  return abi.encodeFunctionData('openExcess', args)
}

/** `openPeak` with the slot's own number; null as for `differenceOpening`. */
export function peakOpening(abi: Interface, { home, period }: ExcessKey, peak: HeldReading): string | null {
  const shownPeak = openedPeak(peak)
  return shownPeak === null ? null : abi.encodeFunctionData('openPeak', [home, period, ...shownPeak])
}

/** `openLoan` with the slot's own number; null as for `differenceOpening`. */
export function loanOpening(
  abi: Interface,
  { home, period, place }: { readonly home: string; readonly period: number; readonly place: number },
  peak: HeldReading,
): string | null {
  const shownPeak = openedPeak(peak)
  return shownPeak === null ? null : abi.encodeFunctionData('openLoan', [home, period, place, ...shownPeak])
}

function openedPeak(peak: HeldReading): readonly unknown[] | null {
  const value = peak.values[PEAK]
  const blinding = peak.blindings[PEAK]
  if (!checkOpening(pointOf(peak, PEAK), { quantity: QUANTITIES[PEAK], value, blinding })) return null
  return [shown(peak), value, hexlify(encodeScalar(blinding))]
}
