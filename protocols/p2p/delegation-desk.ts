import { deskReply, deskRequest, type DeskReply, type DeskRequest } from '../messages/delegation-desk.ts'
import { Fault } from '../rules/fault.ts'
import type { PeerNode } from './node.ts'
import { callExchange, serveExchange, type Exchange } from './request-response.ts'

/** `/meterhood/delegation-desk/1`: what a delegatee needs of the community gateway. */
export const deskExchange: Exchange<DeskRequest, DeskReply> = {
  protocol: '/meterhood/delegation-desk/1',
  request: deskRequest,
  reply: deskReply,
  timeoutMs: 10_000,
  // A watched slot is acknowledged as it comes; a second is the shortest sample.
  rate: { burst: 60, perSecond: 4 },
}

/**
 * Serves the desk at the community gateway: `answer` hears the account that the chain binds to the asking
 * peer. Faults that homes meet: `account-unknown`, and those of `answer`.
 */
export function serveDelegationDesk(
  node: PeerNode,
  answer: (request: DeskRequest, account: string) => Promise<DeskReply>,
): Promise<() => Promise<void>> {
  return serveExchange(node, deskExchange, 'members', (request, { member }) => {
    const account = member?.account ?? null
    if (account !== null) return answer(request, account)
    throw new Fault('account-unknown', 'delegation: no account is registered for this peer yet', {})
  })
}

type ReplyOf<Kind extends DeskReply['kind']> = Extract<DeskReply, { kind: Kind }>

/** @throws Fault `reply-mismatch` for an answer to something else, those of `callExchange` and of the desk */
async function ask<Kind extends DeskReply['kind']>(
  kind: Kind,
  node: PeerNode,
  gatewayPeerId: string,
  request: DeskRequest,
): Promise<ReplyOf<Kind>> {
  const isOfKind = (reply: DeskReply): reply is ReplyOf<Kind> => reply.kind === kind
  const reply = await callExchange(node, deskExchange, gatewayPeerId, request)
  if (isOfKind(reply)) return reply
  throw new Fault('reply-mismatch', 'delegation: the gateway answered something else', { kind: reply.kind })
}

type Asked<Kind extends DeskRequest['kind']> = Omit<Extract<DeskRequest, { kind: Kind }>, 'kind'>

/** The desk as a delegatee sees it. */
export function delegationDesk(node: PeerNode, gatewayPeerId: string) {
  return {
    number: async (asked: Asked<'number'>): Promise<number> =>
      (await ask('number', node, gatewayPeerId, { kind: 'number', ...asked })).id,
    acknowledge: (asked: Asked<'acknowledge'>) =>
      ask('acknowledged', node, gatewayPeerId, { kind: 'acknowledge', ...asked }),
    witness: (delegation: number) => ask('witness', node, gatewayPeerId, { kind: 'witness', delegation }),
  }
}
export type DelegationDesk = ReturnType<typeof delegationDesk>
