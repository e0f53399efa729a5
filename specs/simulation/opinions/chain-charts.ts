import { type Chart, type Facts, factsOf, num } from './chart.ts'

/** What is copied is signed, read back and named on the chain; a chain is begun from what was checked. */
export const ARCHIVE: Chart = {
  begins: () => ({ leaves: ['idle'], context: { folder: null, anchored: null, code: null }, asked: [] }),
  lines: `
    idle                 | BACK_UP        | snapshotting         | =folder takeSnapshot
    idle                 | RESTART        | restarting.verifying | =folder verify
    snapshotting         | SNAPSHOT_TAKEN | signing              | sign
    signing              | SIGNED         | verifying            | verify
    verifying            | VERIFIED       | anchoring            | anchor
    anchoring            | ANCHORED       | idle                 | =anchored
    restarting.verifying | VERIFIED       | restarting.beginning | restart
    restarting.beginning | RESTARTED      | idle                 |
    snapshotting         | FAILED         | idle                 | =failed
    signing              | FAILED         | idle                 | =failed
    verifying            | FAILED         | idle                 | =failed
    anchoring            | FAILED         | idle                 | =failed
    restarting           | FAILED         | idle                 | =failed
  `,
  conditions: {},
  keeps: {
    folder: (_, { folder }) => ({ folder, anchored: null, code: null }),
    anchored: (_, { done }) => ({ anchored: done }),
    failed: (_, { code }) => ({ code }),
  },
}

const numberOf = (block: unknown): number => num(factsOf(block)['number'])
const list = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : [])

/** A signer votes once a height, and for one branch, unless another is final (DESIGN §7). */
export const VOTER: Chart = {
  begins: () => ({
    leaves: ['branch.following', 'witness.calm'],
    context: { standsBy: null, highest: -1, evidence: [] },
    asked: [],
  }),
  lines: `
    branch.locked    | BEGUN_ANEW              | branch.following | resumeSealing =anew
    branch           | BEGUN_ANEW              | branch.following | =anew
    branch.following | CHAIN_SEEN ?left        | branch.locked    | stopSealing tellLocked
    branch.following | CHAIN_SEEN ?votable     | branch.voting    | =vote castVote
    branch.voting    | VOTE_CAST ?this         | branch.following |
    branch.voting    | CHAIN_SEEN ?left        | branch.locked    | stopSealing tellLocked
    branch.locked    | CHAIN_SEEN ?back        | branch.following | resumeSealing
    branch.locked    | BRANCH_CERTIFIED ?high  | branch.following | resumeSealing =branch
    witness.calm     | EQUIVOCATION_SEEN       | witness.evidence | =evidence tellEquivocation
    witness.evidence | EQUIVOCATION_SEEN ?news | -                | =evidence tellEquivocation
  `,
  conditions: {
    left: (_, { holds }) => holds === false,
    back: (_, { holds }) => holds === true,
    votable: ({ highest }, { next }) => next !== null && numberOf(next) > num(highest),
    this: ({ highest }, { number }) => number === highest,
    high: ({ standsBy }, { block }) => numberOf(block) >= (standsBy === null ? 0 : numberOf(standsBy)),
    news: ({ evidence }, { signer }) => !list(evidence).includes(signer),
  },
  keeps: {
    vote: (_, { next }) => ({ standsBy: next, highest: numberOf(next) }),
    branch: (_, { block }) => ({ standsBy: block }),
    anew: ({ highest }, { from }) => {
      const reached = numberOf(from) > num(highest) ? numberOf(from) : highest
      return { standsBy: from, highest: reached, begunFrom: factsOf(from)['hash'] }
    },
    evidence: ({ evidence }, { signer }) => ({ evidence: [...list(evidence), signer] }),
  },
  params: {
    castVote: (_, { next }) => next,
    tellEquivocation: (_, { signer }) => ({ signer }),
  },
}

const caughtUp = (_: Facts, { behind }: Facts): boolean => behind === 0

/** One contract as a gateway follows it. */
export const FOLLOWING: Chart = {
  begins: () => ({
    leaves: ['disconnected'],
    context: { block: -1, behind: 0, forks: 0, reason: null },
    asked: [],
  }),
  lines: `
    degraded     | disconnected        | disconnected | =forget
                 | disconnected        | disconnected |
                 | hindered            | degraded     | =reason tellDegraded
    degraded     | hindered            | -            | =reason
    disconnected | connected ?caughtUp | ready        | =behind tellReady
    disconnected | connected           | syncing      | =behind
    syncing      | applied ?caughtUp   | ready        | =block tellReady
    syncing      | applied             | -            | =block
    syncing      | forked              | -            | =fork
    ready        | applied ?caughtUp   | -            | =block
    ready        | applied             | syncing      | =block
    ready        | forked              | syncing      | =fork
    degraded     | applied ?caughtUp   | ready        | =forget =block tellReady
    degraded     | applied             | syncing      | =forget =block
    degraded     | forked              | -            | =fork
    degraded     | resumed ?caughtUp   | ready        | =forget =behind tellReady
    degraded     | resumed             | syncing      | =forget =behind
  `,
  conditions: { caughtUp },
  keeps: {
    reason: (_, { reason }) => ({ reason }),
    forget: () => ({ reason: null }),
    behind: (_, { behind }) => ({ behind }),
    block: (_, { block, behind }) => ({ block, behind }),
    fork: ({ block, forks }, { from }) => {
      const kept = num(from) > num(block) ? block : num(from) - 1
      return { block: kept, forks: num(forks) + 1 }
    },
  },
}
