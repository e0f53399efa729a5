import { type Chart, type Facts, num } from './chart.ts'

/** A block counts as confirmed when two stand on it. */
const CONFIRMED_BY = 2
/** What no block holds is handed over again every third block … */
const AGAIN_EACH = 3
/** … and pays more from the sixth on. */
const STALLED_AFTER = 6

const outside = { block: null, blockHash: null, ok: true, gasUsed: 0, error: null, detail: null }
const since = ({ sinceBlock }: Facts, { head }: Facts): number => num(head) - num(sinceBlock)

/** One use of a nonce, from its bytes to the block that nobody takes back. */
export const CALL: Chart = {
  begins: () => ({
    leaves: ['queued'],
    context: { sinceBlock: 0, replacements: 0, transactionHash: null, ...outside },
    asked: [],
  }),
  lines: `
                | included                 | included    | =block tell
    final       | included                 | -           |
    lost        | included                 | -           |
    queued      | signed                   | signed      | =signed send
    signed      | accepted                 | sent        | tell
    signed      | underpriced              | underpriced | tell replace
    signed      | refused                  | rejected    | =refused tell
    signed      | head ?again              | -           | send
    signed      | lost                     | lost        | tell
    sent        | underpriced              | underpriced | tell replace
    sent        | refused                  | rejected    | =refused tell
    sent        | head ?uncovered          | underpriced | tell replace
    sent        | head ?stalled            | stalled     | tell replace
    sent        | head ?again              | -           | send
    sent        | lost                     | lost        | tell
    underpriced | signed                   | signed      | =signed send
    underpriced | accepted                 | sent        | tell
    underpriced | head ?again              | -           | send replace
    underpriced | lost                     | lost        | tell
    stalled     | signed                   | signed      | =signed send
    stalled     | head ?again              | -           | send replace
    stalled     | lost                     | lost        | tell
    rejected    | accepted                 | sent        | tell
    rejected    | underpriced              | underpriced | tell replace
    rejected    | head ?again              | -           | send
    rejected    | lost                     | lost        | tell
    included    | forked ?gone             | reorged     | =gone tell send
    included    | head ?deep               | confirmed   | tell
    confirmed   | forked ?gone             | reorged     | =gone tell send
    confirmed   | head ?final              | final       | tell
    reorged     | accepted                 | sent        | tell
    reorged     | underpriced              | underpriced | tell replace
    reorged     | refused                  | rejected    | =refused tell
    reorged     | head ?again              | -           | send
    reorged     | lost                     | lost        | tell
    final       | forked ?gone             | reorged     | =gone tell send
  `,
  conditions: {
    again: (context, event) => since(context, event) >= 1 && since(context, event) % AGAIN_EACH === 0,
    stalled: (context, event) => since(context, event) > STALLED_AFTER - 1,
    uncovered: (_, { covered }) => covered === false,
    deep: ({ block }, { head }) => block !== null && num(head) >= num(block) + CONFIRMED_BY,
    final: (_, { final }) => final === true,
    gone: ({ block }, { from }) => block !== null && num(from) <= num(block),
  },
  keeps: {
    signed: ({ replacements }, { head, replaces }) => {
      return { sinceBlock: head, replacements: num(replacements) + (replaces === true ? 1 : 0) }
    },
    refused: (_, { error }) => ({ error }),
    block: (_, { block, blockHash, transactionHash, ok, gasUsed, error, detail }) => {
      return { block, blockHash, transactionHash, ok, gasUsed, error, detail }
    },
    gone: ({ block, sinceBlock }) => ({ ...outside, sinceBlock: block ?? sinceBlock }),
  },
}
