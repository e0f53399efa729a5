import { assign, setup } from 'xstate'
import { placeholder } from '../placeholder.ts'

/** What the archive has come to. Folders keep what must outlive a crash: it is whole, or it is not there. */
export interface ArchiveContext {
  /** Folder of the archive that is made or read. */
  readonly folder: string | null
  /** Whether the chain's own state names the newest archive; null before one was made. */
  readonly anchored: boolean | null
  /** Code of the fault that ended the last work, or null. */
  readonly code: string | null
}

export type ArchiveEvent =
  | { type: 'BACK_UP'; folder: string }
  | { type: 'RESTART'; folder: string }
  | { type: 'SNAPSHOT_TAKEN' }
  | { type: 'SIGNED' }
  | { type: 'VERIFIED' }
  /** `done` false: nobody was there to anchor it now. */
  | { type: 'ANCHORED'; done: boolean }
  | { type: 'RESTARTED' }
  | { type: 'FAILED'; code: string }

const failed = { target: '#archive.idle', actions: 'noteFailed' } as const

/**
 * The archive of a community's chain (paper §6.2): state and history are copied, signed, read back and
 * checked, and the root put on the chain; and a chain is begun anew from an archive that was checked first.
 */
export const archiveMachine = setup({
  types: {
    context: {} as ArchiveContext,
    events: {} as ArchiveEvent,
  },
  actions: {
    takeSnapshot: placeholder('takeSnapshot'),
    sign: placeholder('sign'),
    verify: placeholder('verify'),
    anchor: placeholder('anchor'),
    restart: placeholder('restart'),
    noteFolder: assign(({ event }) =>
      event.type === 'BACK_UP' || event.type === 'RESTART'
        ? { folder: event.folder, anchored: null, code: null }
        : {},
    ),
    noteAnchored: assign(({ event }) => (event.type === 'ANCHORED' ? { anchored: event.done } : {})),
    noteFailed: assign(({ event }) => (event.type === 'FAILED' ? { code: event.code } : {})),
  },
}).createMachine({
  id: 'archive',
  context: { folder: null, anchored: null, code: null },
  initial: 'idle',
  states: {
    idle: {
      on: {
        BACK_UP: { target: 'snapshotting', actions: 'noteFolder' },
        RESTART: { target: 'restarting', actions: 'noteFolder' },
      },
    },
    snapshotting: {
      entry: 'takeSnapshot',
      on: { SNAPSHOT_TAKEN: 'signing', FAILED: failed },
    },
    signing: {
      entry: 'sign',
      on: { SIGNED: 'verifying', FAILED: failed },
    },
    verifying: {
      entry: 'verify',
      on: { VERIFIED: 'anchoring', FAILED: failed },
    },
    anchoring: {
      entry: 'anchor',
      on: { ANCHORED: { target: 'idle', actions: 'noteAnchored' }, FAILED: failed },
    },
    restarting: {
      initial: 'verifying',
      on: { FAILED: failed },
      states: {
        verifying: { entry: 'verify', on: { VERIFIED: 'beginning' } },
        beginning: { entry: 'restart', on: { RESTARTED: '#archive.idle' } },
      },
    },
  },
})
