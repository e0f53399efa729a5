import { setup } from 'xstate'

/*
 * What may happen to a community gateway, as a person would tell it. Each event is carried out on a real one,
 * with real homes on a real chain (community-deeds.ts).
 */

export type CommunityWorldEvent =
  | { type: 'TWO_HOMES_JOIN_AT_ONCE' }
  | { type: 'HOMES_METER' }
  | { type: 'READINGS_COME_WHILE_IT_OPENS' }
  | { type: 'EPOCH_IS_DUE' }
  | { type: 'ALARMS_PILE_UP' }
  | { type: 'TWO_PERIODS_END' }
  | { type: 'EXCESS_IS_DEMANDED' }
  | { type: 'EXCESS_IS_SHOWN' }
  | { type: 'PRICES_ARE_OLD' }
  | { type: 'PRICES_COME' }
  | { type: 'CHAIN_STANDS' }
  | { type: 'CHAIN_GOES_ON' }
  | { type: 'CHAIN_IS_REWOUND' }
  | { type: 'CHAIN_STANDS_AFTER_THAT' }
  | { type: 'CHAIN_IS_REWOUND_AFTER_THAT' }
  | { type: 'HOME_IS_REVOKED' }
  | { type: 'HANDS_OVER' }
  | { type: 'HAS_HANDED_OVER' }

/** Leaf states that the machine must come to; of the others it may be in any. */
export type CommunityMeta = readonly string[]

const operating = (...leaves: string[]): string[] => leaves.map((leaf) => `operating.${leaf}`)

export const communityModel = setup({
  types: { events: {} as CommunityWorldEvent, meta: {} as CommunityMeta },
}).createMachine({
  id: 'communityModel',
  initial: 'founded',
  states: {
    founded: {
      meta: operating('membership.open', 'keys.current', 'collecting.waiting', 'alarms.quiet'),
      on: { TWO_HOMES_JOIN_AT_ONCE: 'serving' },
    },
    serving: {
      meta: operating(
        'membership.open',
        'keys.current',
        'collecting.waiting',
        'alarms.quiet',
        'quotaControl.periods.watching',
        'chainWatch.following',
      ),
      on: {
        HOMES_METER: 'serving',
        READINGS_COME_WHILE_IT_OPENS: 'serving',
        EPOCH_IS_DUE: 'serving',
        ALARMS_PILE_UP: 'serving',
        TWO_PERIODS_END: 'serving',
        EXCESS_IS_DEMANDED: 'disputed',
        PRICES_ARE_OLD: 'stale',
        CHAIN_STANDS: 'stalled',
        CHAIN_IS_REWOUND: 'rewound',
        HOME_IS_REVOKED: 'smaller',
      },
    },
    disputed: {
      meta: operating('quotaControl.excesses.demanded'),
      on: { EXCESS_IS_SHOWN: 'serving' },
    },
    stale: { meta: operating('priceFeed.stale'), on: { PRICES_COME: 'serving' } },
    stalled: {
      meta: operating('chainWatch.stalled'),
      on: { CHAIN_GOES_ON: 'serving', CHAIN_IS_REWOUND_AFTER_THAT: 'rewound' },
    },
    rewound: {
      meta: operating('chainWatch.rewound'),
      on: { CHAIN_STANDS_AFTER_THAT: 'stalled', CHAIN_GOES_ON: 'serving' },
    },
    smaller: { meta: operating('membership.open'), on: { HANDS_OVER: 'handingOver' } },
    handingOver: { meta: ['handingOver'], on: { HAS_HANDED_OVER: 'over' } },
    over: { type: 'final', meta: ['handedOver'] },
  },
})
