import { setTimeout as sleep } from 'node:timers/promises'
import { Fault } from '../../protocols/rules/fault.ts'
import type { Box } from './box.ts'

const LOOK_EVERY_MS = 1_000

/** Everything that any gateway ever showed as final: block and hash, and who showed it first. */
export interface Finals {
  /** How many blocks were shown as final. */
  count(): number
  /** Fault: `undone` when a node now has another block where one was final, or two gateways disagree. */
  requireKept(nodes: readonly Box[]): Promise<void>
  stop(): void
}

interface Shown {
  readonly hash: string
  readonly by: string
}

/** Watches what the gateways show as final, until it is stopped. */
export function watchFinals(boxes: readonly Box[]): Finals {
  const shown = new Map<number, Shown>()
  let conflict: string | null = null
  let stopped = false

  const note = async (box: Box): Promise<void> => {
    const { final } = (await box.view()).chain
    if (final === null) return
    const block = await box.blockAt(final)
    if (block === null) return
    const known = shown.get(final)
    if (known === undefined) shown.set(final, { hash: block.hash, by: box.name })
    else if (known.hash !== block.hash) {
      conflict ??= `block ${final}: ${known.hash} for ${known.by}, ${block.hash} for ${box.name}`
    }
  }
  const watch = async (): Promise<void> => {
    while (!stopped) {
      // A gateway that was killed shows nothing.
      await Promise.all(boxes.map((box) => note(box).catch(() => undefined)))
      await sleep(LOOK_EVERY_MS)
    }
  }
  void watch()

  return {
    count: () => shown.size,
    requireKept: async (nodes) => {
      if (conflict !== null) throw new Fault('undone', conflict, {})
      for (const node of nodes) {
        for (const [number, { hash, by }] of shown) {
          const now = await node.blockAt(number)
          if (now === null || now.hash === hash) continue
          const message = `block ${number} was final as ${hash} for ${by}; ${node.name} has ${now.hash} now`
          throw new Fault('undone', message, { number })
        }
      }
    },
    stop: () => {
      stopped = true
    },
  }
}
