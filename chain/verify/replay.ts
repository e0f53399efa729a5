import { anchorKept, checkAnchors } from './anchors.ts'
import type { ChainTransaction } from './blocks.ts'
import {
  monitoringInterface,
  quotaInterface,
  readEvent,
  tokenInterface,
  tradingInterface,
  type ChainEvent,
} from './events.ts'
import { checkRewards, delegationEvent, delegationKeyed, isDelegationEvent } from './delegations.ts'
import { keysAnnounced, operationKeyPublished } from './keys.ts'
import { checkMarket, excessEvent, isMarketEvent, marketEvent } from './market.ts'
import type { Moment } from './moment.ts'
import { excessOpened, quotaEvent } from './quotas.ts'
import { checkCalldata, readingLogged } from './readings.ts'
import type { Findings } from './report.ts'
import { totalPublished } from './totals.ts'
import { homeOf, type Trail } from './trail.ts'
import { readingVoided } from './voids.ts'

/** The contracts looked at, lower-case. */
export interface ContractAddresses {
  readonly monitoring: string
  readonly quota: string
  readonly token: string
  readonly trading: string
}

/** Replays the contracts' events in order, checking each against the rules as they stood at that moment. */
export function replay(
  transactions: readonly ChainTransaction[],
  addresses: ContractAddresses,
  trail: Trail,
  findings: Findings,
): void {
  const faces = new Map([
    [addresses.monitoring, monitoringInterface],
    [addresses.quota, quotaInterface],
    [addresses.token, tokenInterface],
    [addresses.trading, tradingInterface],
  ])
  for (const sent of transactions) {
    const events = sent.logs.flatMap((log): ChainEvent[] => {
      const known = faces.get(log.address)
      const event = known === undefined ? null : readEvent(known, log, findings)
      return event === null ? [] : [event]
    })
    checkCalldata(sent, events, trail, findings)
    for (const event of events) apply(event, { sent, events }, trail, findings)
  }
  checkAnchors(trail, findings)
  checkMarket(trail, findings)
  checkRewards(trail, findings)
}

function apply(event: ChainEvent, moment: Moment, trail: Trail, findings: Findings): void {
  if (isMarketEvent(event)) return marketEvent(event, moment, trail, findings)
  if (isDelegationEvent(event)) return delegationEvent(event, moment, trail, findings)
  const { sent } = moment
  switch (event.name) {
    case 'CommunitySet':
      trail.community = event.args.community
      return
    case 'HomeAdmitted':
      homeOf(trail, event.args.home).admitted = true
      return
    case 'HomeRevoked':
      Object.assign(homeOf(trail, event.args.home), { admitted: false, keyed: false })
      return
    case 'CommunityKeysAnnounced':
      return keysAnnounced(event.args, trail, findings)
    case 'OperationKeyPublished':
      operationKeyPublished(event.args, sent, trail, findings)
      if (event.args.delegation !== 0) delegationKeyed(event.args, sent, trail, findings)
      return
    case 'Reading':
      return readingLogged(event.args, sent, trail, findings)
    case 'AnchorKept':
      return anchorKept(event.args, trail)
    case 'ReadingVoided':
      return readingVoided(event.args, trail, findings)
    case 'TotalPublished':
      return totalPublished(event.args, trail, findings)
    case 'ExcessOpened':
      excessOpened(event.args, sent, trail, findings)
      return excessEvent(event, trail)
    case 'ExcessAsserted':
    case 'OpeningDemanded':
    case 'ExcessFinal':
    case 'ExcessUnproved':
    case 'ExcessVoid':
      return excessEvent(event, trail)
    default:
      quotaEvent(event, sent.block, trail, findings)
  }
}
