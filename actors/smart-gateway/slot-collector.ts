import type { FrameRefusal } from '../../protocols/rules/admit-frame.ts'
import type { HomeSettings, HomeState } from '../../protocols/rules/home-registers.ts'
import { processSlot, type SlotRefusal, type SlotResult } from '../../protocols/rules/process-frames.ts'
import type { ReceivedFrame } from '../../protocols/rules/reading.ts'
import { slotAt, type Slot } from '../../protocols/rules/units.ts'

/** Frames of one slot that are kept until it closes; boards report every few hundred ms at most. */
const FRAMES_MAX = 256

/**
 * D^t of one slot came together, and what became of it. `receivedAtMs` is when its last frame reached the
 * port.
 */
export type CollectedSlot =
  | {
      readonly kind: 'complete'
      readonly slot: Slot
      readonly receivedAtMs: number
      readonly result: CompleteSlot
    }
  | {
      readonly kind: 'refused'
      readonly slot: Slot
      readonly receivedAtMs: number
      readonly reason: SlotRefusal
    }
  | { readonly kind: 'frames-refused'; readonly slot: Slot; readonly refusals: readonly FrameRefusal[] }

export type CompleteSlot = Extract<SlotResult, { outcome: 'complete' }>

/** Gathers the frames of a home slot by slot. */
export interface SlotCollector {
  /** Takes a frame; returns what it completed or closed. */
  take(frame: ReceivedFrame): CollectedSlot[]
  /** What must be kept in the durable snapshot. */
  state(): HomeState
}

interface OpenSlot {
  readonly slot: Slot
  readonly frames: ReceivedFrame[]
}

/**
 * D^t of a slot is complete at the first frame after which every commissioned board has delivered an admitted
 * one within the slot. A slot that closes with a frame of each board but a bad one among them is refused with
 * its reason; one in which a board was silent gives no D^t at all.
 */
export function createSlotCollector(settings: HomeSettings, saved: HomeState): SlotCollector {
  let state = saved
  let open: OpenSlot | null = null

  const processed = ({ frames, slot }: OpenSlot): SlotResult => processSlot({ state, frames, slot, settings })

  const close = (closing: OpenSlot, result = processed(closing)): CollectedSlot[] => {
    state = result.next
    const told: CollectedSlot[] = []
    if (result.refusals.length > 0) {
      told.push({ kind: 'frames-refused', slot: closing.slot, refusals: result.refusals })
    }
    const receivedAtMs = Math.max(...closing.frames.map((frame) => frame.receivedAtMs))
    if (result.outcome === 'complete')
      told.push({ kind: 'complete', slot: closing.slot, receivedAtMs, result })
    else if (everyBoardSpoke(closing, settings)) {
      told.push({ kind: 'refused', slot: closing.slot, receivedAtMs, reason: result.reason })
    }
    return told
  }

  return {
    state: () => state,
    take(frame) {
      const slot = slotAt(frame.receivedAtMs, settings.sampleMs)
      const told: CollectedSlot[] = []
      if (open !== null && slot !== open.slot) {
        const due = isDue(open, state)
        if (due && open.frames.length > 0) told.push(...close(open))
        // Frames that came after their slot's reading was complete count for the next one.
        open = { slot, frames: due ? [] : open.frames }
      }
      open ??= { slot, frames: [] }
      if (open.frames.length < FRAMES_MAX) open.frames.push(frame)
      if (!isDue(open, state) || !everyBoardSpoke(open, settings)) return told
      const attempt = processed(open)
      if (attempt.outcome === 'refused') return told
      told.push(...close(open, attempt))
      open = { slot, frames: [] }
      return told
    },
  }
}

/** Whether the slot still waits for its reading. */
const isDue = (open: OpenSlot, state: HomeState): boolean =>
  state.last === null || open.slot > state.last.slot

function everyBoardSpoke(open: OpenSlot, settings: HomeSettings): boolean {
  const startsAtMs = open.slot * settings.sampleMs
  return settings.boards.every(({ boardId }) =>
    open.frames.some((each) => each.frame.boardId === boardId && each.receivedAtMs >= startsAtMs),
  )
}
