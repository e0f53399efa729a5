import { type Chart, type Facts, factsOf, num } from './chart.ts'

const delegator = ({ role }: Facts): boolean => role === 'delegator'
const MOST_ROUNDS = 8
/** The delegator's offers are the first, the third …; the delegatee's those between. */
const isTheirs = (round: number, context: Facts): boolean => (round % 2 === 0) === delegator(context)
const isOf =
  (...calls: readonly string[]) =>
  (_: Facts, { call }: Facts): boolean =>
    calls.includes(String(call))
const because = (_: Facts, event: Facts): Facts => ({ because: event['because'] })

/** A delegation at one of its homes, from the offer to the last of its reward (paper §4.2). */
export const DELEGATION: Chart = {
  begins: (input) => ({
    leaves: [delegator(input) ? 'proposed.sent' : 'proposed.received'],
    context: {
      ...input,
      ...{ round: 1, consent: null, fromSlot: null, untilSlot: null, because: null, paidMicroSct: null },
    },
    asked: [{ name: delegator(input) ? 'sendOffer' : 'askPeople', params: null }],
  }),
  lines: `
    proposed              | PEER_DECLINED             | declined              | =because
    proposed              | PERSON_DECLINES           | declined              | sendDecline
    proposed              | TIME_OUT                  | declined              | =late
    proposed.sent         | PEER_CONSENTED ?round     | consented.registering | =consent register
    proposed.sent         | PEER_OFFERED ?next        | negotiating.ourTurn   | =offer askPeople
    proposed.received     | PERSON_ACCEPTS            | consented.preparing   | requestKey
    proposed.received     | PERSON_OFFERS             | negotiating.theirTurn | =answer sendOffer
    negotiating           | PEER_DECLINED             | declined              | =because
    negotiating           | PERSON_DECLINES           | declined              | sendDecline
    negotiating           | TIME_OUT                  | declined              | =late
    negotiating.theirTurn | PEER_CONSENTED ?round     | consented.registering | =consent register
    negotiating.theirTurn | PEER_AGREED ?round        | consented.preparing   | requestKey
    negotiating.theirTurn | PEER_OFFERED ?next        | negotiating.ourTurn   | =offer askPeople
    negotiating.ourTurn   | PERSON_ACCEPTS ?delegator | consented.agreed      | sendAgreement
    negotiating.ourTurn   | PERSON_ACCEPTS            | consented.preparing   | requestKey
    negotiating.ourTurn   | PERSON_OFFERS ?may        | negotiating.theirTurn | =answer sendOffer
    consented             | REGISTERED                | registered            | =window
    consented             | EXPIRED                   | failed                | =late
    consented.preparing   | KEY_RECEIVED              | consented.given       | =consent sendConsent
    consented.preparing   | PERSON_DECLINES           | declined              | sendDecline
    consented.preparing   | PEER_DECLINED             | declined              | =because
    consented.preparing   | TIME_OUT                  | declined              | =late
    consented.given       | PERSON_DECLINES           | consented.withdrawn   | sendDecline
    consented.given       | PERSON_ENDS               | consented.withdrawn   | sendDecline
    consented.withdrawn   | REGISTERED                | ending                | =window end sendEnd
    consented.agreed      | PEER_CONSENTED ?round     | consented.registering | =consent register
    consented.agreed      | PEER_DECLINED             | declined              | =because
    consented.agreed      | PERSON_DECLINES           | declined              | sendDecline
    consented.agreed      | TIME_OUT                  | declined              | =late
    consented.registering | CALL_REFUSED ?register    | failed                | =because
    registered            | STARTED                   | active                |
    registered            | PERSON_ENDS               | ending                | end sendEnd
    registered            | ENDED ?delegator          | ended.owed            | =end
    registered            | ENDED                     | ended.claiming        | =end eraseKey claimReward
    registered            | EXPIRED ?delegator        | ended.owed            |
    registered            | EXPIRED                   | ended.claiming        | eraseKey claimReward
    active                | PERSON_ENDS               | ending                | end sendEnd
    active                | ENDED ?delegator          | ended.owed            | =end
    active                | ENDED                     | ended.claiming        | =end eraseKey claimReward
    active                | EXPIRED ?delegator        | ended.owed            |
    active                | EXPIRED                   | ended.claiming        | eraseKey claimReward
    ending                | ENDED ?delegator          | ended.owed            | =end
    ending                | ENDED                     | ended.claiming        | =end eraseKey claimReward
    ending                | EXPIRED ?delegator        | ended.owed            |
    ending                | EXPIRED                   | ended.claiming        | eraseKey claimReward
    ending                | CALL_REFUSED ?ending      | -                     | =because
    ended.claiming        | CLAIMED                   | closed                | =paid
    ended.claiming        | RETURNED                  | closed                |
    ended.claiming        | CALL_REFUSED ?claim       | closed                | =because
    ended.owed            | CLAIMED                   | ended.returning       | =paid returnReward
    ended.owed            | TIME_OUT                  | ended.returning       | returnReward
    ended.owed            | RETURNED                  | closed                |
    ended.returning       | RETURNED                  | closed                |
    ended.returning       | CLAIMED                   | -                     | =paid
    ended.returning       | CALL_REFUSED ?return      | closed                | =because
  `,
  conditions: {
    delegator,
    round: ({ round }, event) => event['round'] === round,
    next: (context, { round }) => num(round) - num(context['round']) === 1 && isTheirs(num(round), context),
    may: ({ round }) => num(round) <= MOST_ROUNDS - 1,
    register: isOf('registerDelegation', 'approve'),
    ending: isOf('endDelegation'),
    claim: isOf('claimReward'),
    return: isOf('returnReward'),
  },
  keeps: {
    because,
    late: () => ({ because: 'No answer came in time.' }),
    consent: (_, { consent }) => ({ consent }),
    offer: (_, { round, terms, answerByMs }) => ({ round, terms, answerByMs }),
    answer: ({ round }, { terms, answerByMs }) => ({ round: num(round) + 1, terms, answerByMs }),
    window: (_, { fromSlot, untilSlot }) => ({ fromSlot, untilSlot }),
    end: (_, { untilSlot }) => ({ untilSlot }),
    paid: (_, { paidMicroSct }) => ({ paidMicroSct }),
  },
}

const fields = factsOf
const isNew = ({ watchedTo }: Facts, { slot }: Facts): boolean =>
  watchedTo === null || num(watchedTo) < num(slot)

/** Power above the limit, or water that ran faster than the limit in each slot since the last reading. */
function isTooMuch({ limits, newest }: Facts, { slot, peakPowerW, waterMl }: Facts): boolean {
  const { peakPowerW: mostW, waterMlPerSlot: mostMl } = fields(limits)
  if (mostW !== null && num(peakPowerW) > num(mostW)) return true
  if (newest === null || mostMl === null) return mostMl !== null && num(mostMl) < 0
  const { slot: before, waterMl: had } = fields(newest)
  return num(waterMl) - num(had) > num(mostMl) * (num(slot) - num(before))
}

const SILENCE = 'acknowledge tellSilence'

/** Who watches a neighbour's home (paper §4.2). */
export const CARING: Chart = {
  begins: (input) => ({
    leaves: ['watching.use.normal', 'watching.hearing.heard', 'watching.attention.none'],
    context: { ...input, newest: null, watchedTo: null, missed: 0, opened: 0, unseenAlarms: 0 },
    asked: [],
  }),
  lines: `
    watching                  | QUOTA_KNOWN            | -                         | =quota
    watching                  | CARE_ENDS              | over                      | forget
    watching.use.normal | READING ?new ?much | watching.use.over | =reading acknowledge tellOverLimit
    watching.use.normal       | READING ?new           | -                         | =reading acknowledge
    watching.use.over         | READING ?new ?much     | -                         | =reading acknowledge
    watching.use.over | READING ?new | watching.use.normal | =reading acknowledge tellBackToNormal
    watching.hearing.heard | NOTHING_CAME ?new ?long | watching.hearing.silent | =missed ${SILENCE}
    watching.hearing.heard    | NOTHING_CAME ?new      | -                         | =missed acknowledge
    watching.hearing.silent   | READING ?new           | watching.hearing.heard    |
    watching.hearing.silent   | NOTHING_CAME ?new      | -                         | =missed acknowledge
    watching.attention.none   | ALARM                  | watching.attention.wanted | =alarm tellAlarm
    watching.attention.wanted | ALARM                  | -                         | =alarm tellAlarm
    watching.attention.wanted | PERSON_SAW             | watching.attention.none   | =saw
  `,
  conditions: {
    new: isNew,
    much: isTooMuch,
    long: ({ missed, limits }) => num(missed) > num(fields(limits)['silentSlots']) - 2,
  },
  keeps: {
    quota: ({ limits }, { peakPowerW, waterMlPerSlot }) => {
      return { limits: { ...fields(limits), peakPowerW, waterMlPerSlot } }
    },
    reading: ({ opened }, { slot, peakPowerW, waterMl }) => {
      return { newest: { slot, peakPowerW, waterMl }, watchedTo: slot, missed: 0, opened: num(opened) + 1 }
    },
    missed: ({ missed }, { slot }) => ({ missed: num(missed) + 1, watchedTo: slot }),
    alarm: ({ unseenAlarms }) => ({ unseenAlarms: num(unseenAlarms) + 1 }),
    saw: () => ({ unseenAlarms: 0 }),
  },
}
