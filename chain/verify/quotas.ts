import { z } from 'zod'
import { bytesOf } from './encode.ts'
import type { ChainTransaction } from './blocks.ts'
import { quotaInterface, type ChainEvent, type EventOf } from './events.ts'
import { lentAt, lentLater, loanOf } from './loans.ts'
import { lockMore } from './market-trail.ts'
import { named } from './named.ts'
import type { Findings } from './report.ts'
import { consumption, opens } from './totals.ts'
import { homeOf, periodIn, type Quotas, type Revision, type Trail } from './trail.ts'

const RESOURCES = ['energyWh', 'powerW', 'waterMl'] as const
const ENERGY = 1
const POWER = 2
const WATER = 3

type QuotaEvent = Extract<
  ChainEvent,
  {
    name: 'CommunityContractSet' | 'QuotaAllocated' | 'AllocationClosed' | 'QuotaMoved' | 'PowerLent'
  }
>

/** Follows the division of the community contract and the exchanges between homes. */
export function quotaEvent(event: QuotaEvent, block: number, trail: Trail, findings: Findings): void {
  if (event.name === 'QuotaMoved') {
    const { from, period, resource, amount } = event.args
    lockMore(trail, { home: from, period, resource, amount: -amount })
    trail.moves.push(event.args)
    return
  }
  if (event.name === 'PowerLent') {
    const { lenderPlace: place, ...loan } = event.args
    trail.loans.push({ ...loan, place, block })
    return
  }
  const { revision } = event.args
  if (event.name === 'CommunityContractSet') {
    const { fromPeriod, energyWh, powerW, waterMl } = event.args
    const contracted: Quotas = [energyWh, powerW, waterMl]
    trail.revisions.set(revision, { fromPeriod, contracted, parts: new Map(), closed: false })
    return
  }
  const open = trail.revisions.get(revision)
  if (open === undefined || open.closed) {
    findings.chain(
      'quota',
      `revision ${revision}`,
      `quotas were given in revision ${revision}, which is not open`,
    )
  } else if (event.name === 'QuotaAllocated') {
    allocate(event.args, open, findings)
  } else {
    open.closed = true
    checkSums(revision, open, findings)
  }
}

function allocate(event: EventOf<'QuotaAllocated'>, open: Revision, findings: Findings): void {
  if (open.parts.has(event.home)) {
    const says = `${event.home} was given a part of revision ${event.revision} twice`
    findings.home('quota', event.home, null, `part of revision ${event.revision}`, says)
  }
  open.parts.set(event.home, [event.energyWh, event.powerW, event.waterMl])
}

function checkSums(number: number, { contracted, parts }: Revision, findings: Findings): void {
  for (const [index, resource] of RESOURCES.entries()) {
    const sum = [...parts.values()].reduce((total, part) => total + (part[index] ?? 0n), 0n)
    const whole = contracted[index] ?? 0n
    if (sum === whole) continue
    const says = `the ${resource} of revision ${number} add up to ${sum}, the community contract is ${whole}`
    findings.chain('quota', `${resource} of revision ${number}`, says)
  }
}

const record = z.object({ slot: z.bigint(), points: z.string() })
const excessArguments = z.object({ value: z.bigint(), blinding: z.bigint() })
const peakArguments = excessArguments.extend({ record })
type PeakCall = z.infer<typeof peakArguments>

/** An excess that was opened on the chain: the number shown must open the home's own points. */
export function excessOpened(
  event: EventOf<'ExcessOpened'>,
  sent: ChainTransaction,
  trail: Trail,
  findings: Findings,
): void {
  const { home, period, resource } = event
  const ofPeriod = resource === ENERGY || resource === WATER
  const name = RESOURCES[ofPeriod ? resource - 1 : POWER - 1] ?? ''
  const peak = ofPeriod ? null : callOf(resource === POWER ? 'openPeak' : 'openLoan', sent, peakArguments)
  const holds = ofPeriod ? differenceHolds(event, sent, trail) : peakHolds(event, peak, trail)
  if (!holds) {
    const says = `the ${name} opened against ${home} for period ${period} is not what its points hold`
    findings.home('opening', home, null, `${name} of period ${period}`, says)
  }
  const covered = ofPeriod
    ? (quotaIn(trail, home, period)[resource - 1] ?? 0n)
    : powerCovered(event, Number(peak?.record.slot ?? 0n), trail)
  const excess = event.value > covered ? event.value - covered : 0n
  if (event.excess !== excess) {
    const whose = `the excess of ${home} in period ${period}`
    const says = `${whose} is ${excess}, the contract settled ${event.excess}`
    findings.home('opening', home, null, `excess of ${name}, period ${period}`, says)
  }
}

/** What a home might draw in a slot; for a loan also what was lent after it, which is cut first. */
function powerCovered(
  { home, period, resource }: EventOf<'ExcessOpened'>,
  slot: number,
  trail: Trail,
): bigint {
  const [, powerW] = quotaIn(trail, home, period)
  const quota = powerW + lentAt(trail, home, slot)
  const loan = loanOf(trail, home, period, resource)
  return loan === undefined ? quota : quota + lentLater(trail, loan, slot)
}

function differenceHolds(event: EventOf<'ExcessOpened'>, sent: ChainTransaction, trail: Trail): boolean {
  const call = callOf('openExcess', sent, excessArguments)
  const water = event.resource === WATER
  const used = consumption(event.home, event.period, water ? 2 : 0, trail)
  if (call === null || used === null || call.value !== event.value) return false
  return opens(used, { quantity: water ? 'waterMl' : 'energyImportWh', ...call })
}

function peakHolds(event: EventOf<'ExcessOpened'>, call: PeakCall | null, trail: Trail): boolean {
  if (call === null || call.value !== event.value) return false
  const slot = Number(call.record.slot)
  const kept = homeOf(trail, event.home).records.find((each) => each.slot === slot)
  if (kept?.points === null || kept?.points === undefined) return false
  const shown = bytesOf(call.record.points)
  if (periodIn(trail, slot) !== event.period || !endsWith(kept.payload, shown)) return false
  return opens(kept.points[3], { quantity: 'peakPowerW', value: call.value, blinding: call.blinding })
}

function endsWith(payload: Uint8Array, points: Uint8Array): boolean {
  return Buffer.from(payload.subarray(-points.length)).equals(points)
}

function callOf<T>(
  name: 'openExcess' | 'openPeak' | 'openLoan',
  sent: ChainTransaction,
  shape: z.ZodType<T>,
): T | null {
  try {
    const values = quotaInterface.decodeFunctionData(name, sent.transaction.input)
    return shape.parse(named(quotaInterface.getFunction(name)?.inputs ?? [], values))
  } catch {
    return null
  }
}

/**
 * What a home may use in a period by the events so far: its part of the division that holds, and exchanges.
 */
export function quotaIn(trail: Trail, home: string, period: number): Quotas {
  const holding = [...trail.revisions.values()].filter((each) => each.closed && each.fromPeriod <= period)
  const quota: [bigint, bigint, bigint] = [...(holding.at(-1)?.parts.get(home) ?? ([0n, 0n, 0n] as const))]
  for (const moved of trail.moves) {
    if (moved.period !== period) continue
    const index = moved.resource - 1
    if (moved.from === home) quota[index] = (quota[index] ?? 0n) - moved.amount
    if (moved.to === home) quota[index] = (quota[index] ?? 0n) + moved.amount
  }
  return quota
}
