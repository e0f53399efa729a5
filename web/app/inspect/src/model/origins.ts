import type { Line } from '../../../../../actors/inspection/recording.ts'
import type { Recording } from './recording.ts'

/** Lifelines that are no gateway. */
export const CHAIN = 'chain'
export const PEOPLE = 'people'
export const TIME = 'time'
export const BOARDS = 'boards'

const CHAIN_SAYS = [
  ...['OFFERED', 'OFFER_REFUSED', 'BID_', 'BIDS_CLOSED', 'GAP_OVER', 'MAX_PRICE_SHOWN', 'SHOWING_CLOSED'],
  ...['REVEALS_CLOSED', 'AWARDED', 'AUCTION_FAILED', 'REFUNDED', 'PERIOD_OVER', 'DELIVERY_', 'PAID'],
  ...['CALL_REFUSED', 'REGISTERED', 'STARTED', 'ENDED', 'EXPIRED', 'CLAIMED', 'RETURNED', 'MEMBER_'],
  ...['KEY_PUBLISHED', 'EPOCH_ANNOUNCED', 'READING_INCLUDED', 'READING_UNDONE', 'RECORDS_SEEN'],
  ...['ALARM_OPENED', 'ALARMS_PUBLISHED', 'CHAIN_', 'CONTRACTS_READY', 'POST_ENDED', 'PRICE_ENDED'],
  ...['connected', 'disconnected', 'applied', 'forked', 'hindered', 'resumed', 'included', 'accepted'],
  ...['underpriced', 'refused', 'head', 'lost'],
]

/** Events by who tells them; every other event comes from the gateway's own parts. */
const FROM: readonly (readonly [who: string, events: RegExp])[] = [
  [PEOPLE, /^(PERSON_|LEAVE$|HAND_OVER$|RESTORE$|OVERRIDE|CALIBRATE$|STOP$|ALARMS_ACKNOWLEDGED$)/],
  [TIME, /^(xstate\.after\.|TIME_OUT$|DUE$|STALE$|WOKEN$|EPOCH_DUE$|PERIOD_ENDED$|NOTHING_CAME$)/],
  [BOARDS, /^(FRAME$|ANSWERED$|PORT_|READING_COMPLETE$|READING_REFUSED$)/],
  [CHAIN, new RegExp(`^(${CHAIN_SAYS.join('|')})`)],
]

/** From whom to whom a line goes, as a message; `from` is `to` where a gateway tells itself. */
export interface Message {
  readonly from: string
  readonly to: string
}

/** Peers tell of themselves in what follows a delegation's `PEER_`. */
function peerOf(recording: Recording, line: Line): string | null {
  if (line.kind === 'note') return recording.gatewayOf(line.peer)
  return line.kind === 'step' && line.event.type.startsWith('PEER_')
    ? recording.gatewayOf(line.context['peer'])
    : null
}

export function messageOf(recording: Recording, line: Line): Message {
  const to = line.gateway
  const peer = peerOf(recording, line)
  if (line.kind === 'note') {
    if (line.what === 'fact') return { from: CHAIN, to }
    return line.what === 'sent' ? { from: to, to: peer ?? to } : { from: peer ?? to, to }
  }
  if (peer !== null) return { from: peer, to }
  if (line.kind === 'began') return { from: to, to }
  const { type } = line.event
  if (line.machine === 'intent' && type === 'signed') return { from: to, to: CHAIN }
  const [from = to] = FROM.find(([, events]) => events.test(type)) ?? []
  return { from, to }
}
