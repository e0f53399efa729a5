import { assign, setup } from 'xstate'
import { placeholder, type Effect } from '../placeholder.ts'

/** A block by its height and hash. */
export interface VotedBlock {
  readonly number: number
  readonly hash: string
}

export interface VoterContext {
  /** The block that it stands by: every later vote is for a block above it. */
  readonly standsBy: VotedBlock | null
  /** The greatest height that it has voted at: no vote is at this one or below. */
  readonly highest: number
  /** Signers of whom two words were seen that exclude each other. */
  readonly evidence: readonly string[]
  /** Hash of the archived block that the chain of its votes was begun anew from; none on the first chain. */
  readonly begunFrom?: string
}

export type VoterEvent =
  /**
   * The chain as the signer's node has it: whether it still holds the block that the voter stands by, and the
   * next block that may be voted for.
   */
  | { type: 'CHAIN_SEEN'; holds: boolean; next: VotedBlock | null }
  /** The vote is signed and given to the peers. */
  | { type: 'VOTE_CAST'; number: number }
  /** The signer's node is on the branch of a certificate that excludes the block that the voter stands by. */
  | { type: 'BRANCH_CERTIFIED'; block: VotedBlock }
  /** The signer's node has a chain that the manager began anew from an archive up to this block. */
  | { type: 'BEGUN_ANEW'; from: VotedBlock }
  | { type: 'EQUIVOCATION_SEEN'; signer: string }

const NOTHING: VotedBlock = { number: -1, hash: '' }
const castVote: Effect<VotedBlock> = placeholder('castVote')
const tellEquivocation: Effect<{ signer: string }> = placeholder('tellEquivocation')

/**
 * The voter beside a signer (DESIGN §7). It votes at most once a height, and only for descendants of the
 * block that it stands by. When its node leaves that block it stops sealing, until the node comes back, or a
 * certificate shows that the other branch is final: the block it stood by can never be then. An archive that
 * the chain was begun anew from says the same.
 */
export const signerVoterMachine = setup({
  types: { context: {} as VoterContext, events: {} as VoterEvent },
  guards: {
    hasLeft: ({ event }) => event.type === 'CHAIN_SEEN' && !event.holds,
    isBack: ({ event }) => event.type === 'CHAIN_SEEN' && event.holds,
    mayVote: ({ context, event }) =>
      event.type === 'CHAIN_SEEN' && event.next !== null && event.next.number > context.highest,
    /** A final block below the one it stands by may be its ancestor, and says nothing. */
    excludesIt: ({ context, event }) =>
      event.type === 'BRANCH_CERTIFIED' && event.block.number >= (context.standsBy?.number ?? 0),
    isThisVote: ({ context, event }) => event.type === 'VOTE_CAST' && event.number === context.highest,
    isNews: ({ context, event }) =>
      event.type === 'EQUIVOCATION_SEEN' && !context.evidence.includes(event.signer),
  },
  actions: {
    standByIt: assign(({ context, event }) => {
      if (event.type !== 'CHAIN_SEEN' || event.next === null) return context
      return { ...context, standsBy: event.next, highest: event.next.number }
    }),
    changeBranch: assign(({ context, event }) =>
      event.type === 'BRANCH_CERTIFIED' ? { ...context, standsBy: event.block } : context,
    ),
    /** No height is voted at twice: not on the chain before and once more on the new one. */
    goOnFrom: assign(({ context, event }) => {
      if (event.type !== 'BEGUN_ANEW') return context
      const { from } = event
      const highest = Math.max(context.highest, from.number)
      return { ...context, standsBy: from, highest, begunFrom: from.hash }
    }),
    noteEvidence: assign(({ context, event }) =>
      event.type === 'EQUIVOCATION_SEEN'
        ? { ...context, evidence: [...context.evidence, event.signer] }
        : context,
    ),
    castVote,
    stopSealing: placeholder('stopSealing'),
    resumeSealing: placeholder('resumeSealing'),
    tellLocked: placeholder('tellLocked'),
    tellEquivocation,
  },
}).createMachine({
  id: 'signerVoter',
  type: 'parallel',
  context: { standsBy: null, highest: -1, evidence: [] },
  states: {
    branch: {
      initial: 'following',
      on: { BEGUN_ANEW: { target: '.following', actions: 'goOnFrom' } },
      states: {
        following: {
          on: {
            CHAIN_SEEN: [
              { guard: 'hasLeft', target: 'locked' },
              {
                guard: 'mayVote',
                target: 'voting',
                actions: [
                  'standByIt',
                  { type: 'castVote', params: ({ context }) => context.standsBy ?? NOTHING },
                ],
              },
            ],
          },
        },
        voting: {
          on: {
            VOTE_CAST: { guard: 'isThisVote', target: 'following' },
            CHAIN_SEEN: { guard: 'hasLeft', target: 'locked' },
          },
        },
        locked: {
          entry: ['stopSealing', 'tellLocked'],
          exit: 'resumeSealing',
          on: {
            CHAIN_SEEN: { guard: 'isBack', target: 'following' },
            BRANCH_CERTIFIED: { guard: 'excludesIt', target: 'following', actions: 'changeBranch' },
          },
        },
      },
    },
    witness: {
      initial: 'calm',
      states: {
        calm: {
          on: {
            EQUIVOCATION_SEEN: {
              target: 'evidence',
              actions: [
                'noteEvidence',
                { type: 'tellEquivocation', params: ({ event }) => ({ signer: event.signer }) },
              ],
            },
          },
        },
        evidence: {
          on: {
            EQUIVOCATION_SEEN: {
              guard: 'isNews',
              actions: [
                'noteEvidence',
                { type: 'tellEquivocation', params: ({ event }) => ({ signer: event.signer }) },
              ],
            },
          },
        },
      },
    },
  },
})
