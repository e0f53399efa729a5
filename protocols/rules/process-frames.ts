import type { FrameRefusal } from './admit-frame.ts'
import { admitFrame } from './admit-frame.ts'
import type { Facts } from './fault.ts'
import type { HomeSettings, HomeState } from './home-registers.ts'
import { extendedOffsets, homeRegisters } from './home-registers.ts'
import type { BoardFrame, EssentialData, ExtendedData, PowerFrame, ReceivedFrame } from './reading.ts'
import { ESSENTIAL_FLAGS } from './reading.ts'
import { energyWh, powerW, unixMs, waterMl } from './units.ts'

/** X^t keeps at most this many frames of a board, so that its envelope has one size. */
export const FRAMES_KEPT_PER_BOARD = 4
/** Frames that came this many periods before their slot still move registers; older ones are refused. */
const CARRIED_PERIODS = 2

/** Why a slot gave no reading. */
export interface SlotRefusal {
  readonly code: 'slot-not-rising' | 'clock-suspect' | 'board-silent' | FrameRefusal['code']
  readonly facts: Facts
}

interface SlotOutcome {
  /** Must be kept whatever the outcome: registers move on and suspects are remembered. */
  readonly next: HomeState
  /** Every frame that was refused, in order, for counters and pages. */
  readonly refusals: readonly FrameRefusal[]
}

/** D^t turned into (E^t, X^t), or the reason why not. */
export type SlotResult =
  | (SlotOutcome & {
      readonly outcome: 'complete'
      readonly essential: EssentialData
      readonly extended: ExtendedData
      /** The frames that X^t keeps, decoded. */
      readonly frames: readonly BoardFrame[]
    })
  | (SlotOutcome & { readonly outcome: 'refused'; readonly reason: SlotRefusal })

export interface SlotInput {
  readonly state: HomeState
  /** The frames that came, in the order of their arrival; those of the slot itself count as fresh. */
  readonly frames: readonly ReceivedFrame[]
  readonly slot: number
  readonly settings: HomeSettings
  /** Another clock's time now (the chain's head), if known: a gateway more than 2 periods off is suspect. */
  readonly referenceMs?: number
}

interface Admitted {
  readonly state: HomeState
  readonly frames: readonly ReceivedFrame[]
  readonly refusals: readonly FrameRefusal[]
}

/** The frame's own place in time: within the slot, or carried over from just before it. */
function outsideSlot(received: ReceivedFrame, input: SlotInput): FrameRefusal | undefined {
  const { slot, settings } = input
  const startsAtMs = slot * settings.sampleMs
  const { receivedAtMs, frame } = received
  const early = receivedAtMs < startsAtMs - CARRIED_PERIODS * settings.sampleMs
  if (!early && receivedAtMs < startsAtMs + settings.sampleMs) return undefined
  return { code: 'outside-slot', facts: { boardId: frame.boardId, receivedAtMs, slot } }
}

function admitAll(input: SlotInput): Admitted {
  let state = input.state
  const frames: ReceivedFrame[] = []
  const refusals: FrameRefusal[] = []
  for (const received of input.frames) {
    const misplaced = Number.isFinite(received.receivedAtMs) ? outsideSlot(received, input) : undefined
    if (misplaced !== undefined) {
      refusals.push(misplaced)
      continue
    }
    const admission = admitFrame(state, received, input.settings)
    state = admission.next
    if (admission.ok) frames.push(received)
    else refusals.push(admission.refused)
  }
  return { state, frames, refusals }
}

function slotFault(input: SlotInput): SlotRefusal | undefined {
  const { state, slot, settings, referenceMs } = input
  if (state.last !== null && slot <= state.last.slot) {
    return { code: 'slot-not-rising', facts: { slot, last: state.last.slot } }
  }
  if (referenceMs === undefined) return undefined
  const skewMs = slot * settings.sampleMs - referenceMs
  const periods = Math.abs(skewMs) / settings.sampleMs
  return periods > 3 ? { code: 'clock-suspect', facts: { skewMs, slot } } : undefined
}

/** The first commissioned board without a fresh frame, with its own refusal when it sent one. */
function missingBoard(input: SlotInput, admitted: Admitted): SlotRefusal | undefined {
  const startsAtMs = input.slot * input.settings.sampleMs
  for (const { boardId, kind } of input.settings.boards) {
    const fresh = admitted.frames.some((f) => f.frame.boardId === boardId && f.receivedAtMs >= startsAtMs)
    if (fresh) continue
    const refused = admitted.refusals.findLast((r) => r.facts.boardId === boardId)
    return refused ?? { code: 'board-silent', facts: { boardId, kind } }
  }
  return undefined
}

const highestPeak = (a: ReceivedFrame, b: ReceivedFrame) =>
  a.frame.kind === 'power' && b.frame.kind === 'power' ? b.frame.peakPowerW - a.frame.peakPowerW : 0

/** Of each board the newest frame, which holds the registers, and then those with the highest peaks. */
function keptFrames(admitted: Admitted): readonly ReceivedFrame[] {
  const kept = new Set<ReceivedFrame>()
  for (const boardId of new Set(admitted.frames.map((f) => f.frame.boardId))) {
    const own = admitted.frames.filter((f) => f.frame.boardId === boardId)
    const [newest, ...older] = own.reverse()
    if (newest !== undefined) kept.add(newest)
    for (const frame of older.sort(highestPeak).slice(0, FRAMES_KEPT_PER_BOARD - 1)) kept.add(frame)
  }
  return admitted.frames.filter((frame) => kept.has(frame))
}

/**
 * Mean and peak power of a slot from its power frames, W; never negative: what is exported has its register.
 */
export function powerOf(frames: readonly BoardFrame[]): { readonly meanW: number; readonly peakW: number } {
  const power = frames.filter((frame): frame is PowerFrame => frame.kind === 'power')
  if (power.length === 0) return { meanW: 0, peakW: 0 }
  const sum = power.reduce((total, frame) => total + frame.powerW, 0)
  const peak = Math.max(...power.map((frame) => frame.peakPowerW))
  return { meanW: Math.max(0, Math.round(sum / power.length)), peakW: Math.max(0, peak) }
}

function flagsOf(input: SlotInput, state: HomeState): number {
  const { last } = input.state
  const gap = last !== null && input.slot > last.slot + 1
  const unkeyed = input.settings.boards.some((board) => !board.keyed)
  return (
    (state.resetPending ? ESSENTIAL_FLAGS.registerReset : 0) |
    (gap ? ESSENTIAL_FLAGS.gapBefore : 0) |
    (unkeyed ? ESSENTIAL_FLAGS.unkeyedSource : 0)
  )
}

function essentialOf(
  input: SlotInput,
  state: HomeState,
  frames: readonly BoardFrame[],
  t: number,
): EssentialData {
  const home = homeRegisters(state)
  const { meanW, peakW } = powerOf(frames)
  return {
    flags: flagsOf(input, state),
    sequence: state.sequence + 1,
    t: unixMs(t),
    energyImportWh: energyWh(home.importWh),
    energyExportWh: energyWh(home.exportWh),
    waterMl: waterMl(home.waterMl),
    meanPowerW: powerW(meanW),
    peakPowerW: powerW(peakW),
  }
}

/**
 * f_p of eq. 1: (E^t, X^t) = f_p(D^t). D^t is complete when every commissioned board delivered at least one
 * frame that is admitted within the slot; t is the time of the last of them. What is bad never reaches E^t:
 * it is refused with its reason, and the home's registers never go back.
 */
export function processSlot(input: SlotInput): SlotResult {
  const fault = slotFault(input)
  if (fault !== undefined) return { outcome: 'refused', reason: fault, next: input.state, refusals: [] }
  const admitted = admitAll(input)
  const { state, refusals } = admitted
  const missing = missingBoard(input, admitted)
  if (missing !== undefined) return { outcome: 'refused', reason: missing, next: state, refusals }
  const kept = keptFrames(admitted)
  const frames = kept.map((received) => received.frame)
  const t = Math.max(input.slot * input.settings.sampleMs, ...kept.map((received) => received.receivedAtMs))
  const essential = essentialOf(input, state, frames, t)
  const extended = { frames: kept.map((received) => received.bytes), ...extendedOffsets(state.offsets) }
  const next: HomeState = {
    ...state,
    sequence: essential.sequence,
    last: { slot: input.slot, t },
    resetPending: false,
  }
  return { outcome: 'complete', essential, extended, frames, next, refusals }
}
