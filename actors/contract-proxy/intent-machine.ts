import { assign, setup } from 'xstate'
import { placeholder } from '../placeholder.ts'

/** After so many blocks a block counts as confirmed (DESIGN §7). */
export const CONFIRMED_BLOCKS = 3
/** A transaction that is in no block after so many is sent again, the same bytes. */
export const RESEND_BLOCKS = 3
/** … and after so many it is replaced at the same nonce by one that pays more. */
export const STALLED_BLOCKS = 6

/** What a call has come to; part of its row in the outbox. */
export interface CallContext {
  /** The head when it was last handed to the node or signed anew. */
  readonly sinceBlock: number
  /** Replacements signed at this nonce. */
  readonly replacements: number
  readonly block: number | null
  readonly blockHash: string | null
  /** The transaction that the chain took, also after a fork undid it. */
  readonly transactionHash: string | null
  /** False when the contract reverted it. */
  readonly ok: boolean
  readonly gasUsed: number
  readonly error: string | null
  readonly detail: string | null
}

export type CallEvent =
  | { type: 'signed'; head: number; replaces: boolean }
  | { type: 'accepted' }
  | { type: 'underpriced' }
  | { type: 'refused'; error: string }
  | {
      type: 'included'
      block: number
      blockHash: string
      transactionHash: string
      ok: boolean
      gasUsed: number
      error: string | null
      detail: string | null
    }
  /** A new head; `final` speaks of the block that holds the call. */
  | { type: 'head'; head: number; final: boolean; covered: boolean }
  /** The chain is another from this height on. */
  | { type: 'forked'; from: number }
  /** The nonce is used, finally, by a transaction that is not this one. */
  | { type: 'lost' }

const NOT_INCLUDED = { block: null, blockHash: null, ok: true, gasUsed: 0, error: null, detail: null }

/**
 * One use of the account's nonce, with the intents it carries: queued → signed → sent → included →
 * confirmed → final. What it may never do: be signed with another content, or at another nonce, while
 * this one could still be included.
 */
export const intentMachine = setup({
  types: {
    context: {} as CallContext,
    events: {} as CallEvent,
  },
  guards: {
    isInFork: ({ context, event }) =>
      event.type === 'forked' && context.block !== null && context.block >= event.from,
    isConfirmed: ({ context, event }) =>
      event.type === 'head' && context.block !== null && event.head - context.block + 1 >= CONFIRMED_BLOCKS,
    isFinal: ({ event }) => event.type === 'head' && event.final,
    /** The newest base fee is above what it offers: no sealer can take it. */
    isUncovered: ({ event }) => event.type === 'head' && !event.covered,
    isStalled: ({ context, event }) =>
      event.type === 'head' && event.head - context.sinceBlock >= STALLED_BLOCKS,
    isWaiting: ({ context, event }) =>
      event.type === 'head' &&
      (event.head - context.sinceBlock) % RESEND_BLOCKS === 0 &&
      event.head > context.sinceBlock,
  },
  actions: {
    noteSigned: assign(({ context, event }) => {
      if (event.type !== 'signed') return context
      return {
        ...context,
        sinceBlock: event.head,
        replacements: context.replacements + (event.replaces ? 1 : 0),
      }
    }),
    noteIncluded: assign(({ context, event }) => {
      if (event.type !== 'included') return context
      const { block, blockHash, transactionHash, ok, gasUsed, error, detail } = event
      return { ...context, block, blockHash, transactionHash, ok, gasUsed, error, detail }
    }),
    noteRefused: assign({ error: ({ event }) => (event.type === 'refused' ? event.error : null) }),
    forgetBlock: assign({
      ...NOT_INCLUDED,
      sinceBlock: ({ context }) => context.block ?? context.sinceBlock,
    }),
    send: placeholder('send'),
    replace: placeholder('replace'),
    tell: placeholder('tell'),
  },
}).createMachine({
  id: 'intent',
  context: { sinceBlock: 0, replacements: 0, transactionHash: null, ...NOT_INCLUDED },
  initial: 'queued',
  on: {
    included: { target: '.included', actions: 'noteIncluded' },
  },
  states: {
    queued: { on: { signed: { target: 'signed', actions: 'noteSigned' } } },
    signed: {
      entry: 'send',
      on: {
        accepted: 'sent',
        underpriced: 'underpriced',
        refused: { target: 'rejected', actions: 'noteRefused' },
        head: { guard: 'isWaiting', actions: 'send' },
        lost: 'lost',
      },
    },
    sent: {
      entry: 'tell',
      on: {
        underpriced: 'underpriced',
        refused: { target: 'rejected', actions: 'noteRefused' },
        head: [
          { guard: 'isUncovered', target: 'underpriced' },
          { guard: 'isStalled', target: 'stalled' },
          { guard: 'isWaiting', actions: 'send' },
        ],
        lost: 'lost',
      },
    },
    underpriced: {
      entry: ['tell', 'replace'],
      on: {
        signed: { target: 'signed', actions: 'noteSigned' },
        accepted: 'sent',
        head: { guard: 'isWaiting', actions: ['send', 'replace'] },
        lost: 'lost',
      },
    },
    stalled: {
      entry: ['tell', 'replace'],
      on: {
        signed: { target: 'signed', actions: 'noteSigned' },
        head: { guard: 'isWaiting', actions: ['send', 'replace'] },
        lost: 'lost',
      },
    },
    rejected: {
      entry: 'tell',
      on: {
        accepted: 'sent',
        underpriced: 'underpriced',
        head: { guard: 'isWaiting', actions: 'send' },
        lost: 'lost',
      },
    },
    included: {
      entry: 'tell',
      on: {
        forked: { guard: 'isInFork', target: 'reorged', actions: 'forgetBlock' },
        head: { guard: 'isConfirmed', target: 'confirmed' },
      },
    },
    confirmed: {
      entry: 'tell',
      on: {
        forked: { guard: 'isInFork', target: 'reorged', actions: 'forgetBlock' },
        head: { guard: 'isFinal', target: 'final' },
      },
    },
    reorged: {
      entry: ['tell', 'send'],
      on: {
        accepted: 'sent',
        underpriced: 'underpriced',
        refused: { target: 'rejected', actions: 'noteRefused' },
        head: { guard: 'isWaiting', actions: 'send' },
        lost: 'lost',
      },
    },
    final: {
      entry: 'tell',
      on: {
        forked: { guard: 'isInFork', target: 'reorged', actions: 'forgetBlock' },
        included: {},
      },
    },
    lost: { entry: 'tell', on: { included: {} } },
  },
})
