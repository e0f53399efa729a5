import type { Neighbour } from '../../actors/smart-gateway/machine.ts'

const ALONE = {
  chain: 'The chain does not answer; readings are kept and sent later.',
  community: 'The community gateway is away; readings go on to the chain.',
  boards: 'A sensor board is away; check its power and link.',
} as const

const CUT_OFF = 'Neither the chain nor the community answers; readings are kept and sent later.'

/** What people read of a home that is no member any more. */
const REMOVED =
  'This home was removed from the community: nothing is metered or sent any more. Ask its manager why.'

/** What people of a home are told about who is away; without anybody, that all is well. */
export function awayText(away: readonly Neighbour[]): string {
  if (away.length === 0) return 'Everything works.'
  const cutOff = away.includes('chain') && away.includes('community')
  const words = cutOff
    ? [CUT_OFF, ...away.filter((each) => each === 'boards').map((each) => ALONE[each])]
    : away.map((each) => ALONE[each])
  return words.join(' ')
}

/** How a home stands, for its page. */
export function standingOf(
  isLeaving: boolean,
  away: readonly Neighbour[],
): { phase: 'leaving' | 'operating' | 'degraded'; text: string } {
  if (isLeaving) return { phase: 'leaving', text: REMOVED }
  return { phase: away.length === 0 ? 'operating' : 'degraded', text: awayText(away) }
}
