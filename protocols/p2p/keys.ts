import { keyReply, keyRequest } from '../messages/keys.ts'
import type { KeyReply, KeyRequest } from '../messages/keys.ts'
import { Fault } from '../rules/fault.ts'
import type { PeerNode } from './node.ts'
import { callExchange, serveExchange } from './request-response.ts'
import type { Exchange } from './request-response.ts'

/** `/meterhood/keys/1`: a home's auxiliary key for its operation key. */
export const keysExchange: Exchange<KeyRequest, KeyReply> = {
  protocol: '/meterhood/keys/1',
  request: keyRequest,
  reply: keyReply,
  timeoutMs: 10_000,
  // A key an epoch and a delegation; issuing one costs the gateway several group operations.
  rate: { burst: 10, perSecond: 0.5 },
}

export interface ServeKeysOptions {
  /** The account that signed the request (EIP-712 `AuxKey`), or undefined when the signature is none. */
  readonly signerOf: (request: KeyRequest) => string | undefined
  /**
   * Issues the key of (account, epoch, delegation): the same every time. @throws Fault that the home is told
   */
  readonly issue: (request: KeyRequest) => KeyReply | Promise<KeyReply>
}

/**
 * Serves the key exchange on the community gateway: only for the account that the chain binds to the asking
 * peer. Faults that homes meet: `account-unknown`, `account-mismatch`, `request-signature`, and those of
 * `issue`.
 */
export function serveKeys(node: PeerNode, options: ServeKeysOptions): Promise<() => Promise<void>> {
  return serveExchange(node, keysExchange, 'members', (request, { member }) => {
    const { account } = request
    const registered = member?.account ?? null
    if (registered === null) {
      throw new Fault('account-unknown', 'keys: no account is registered for this peer yet', { account })
    }
    if (registered !== account) {
      throw new Fault('account-mismatch', 'keys: the account is not the one registered for this peer', {
        account,
        registered,
      })
    }
    if (options.signerOf(request) !== account) {
      throw new Fault('request-signature', 'keys: the auxiliary key is not signed by the account', {
        account,
      })
    }
    return options.issue(request)
  })
}

/**
 * Asks for the operation key. `check` verifies the reply (x·G = X, signature, proof) and opens it.
 * @throws Fault `reply-mismatch` for another epoch or delegation, those of `callExchange`, of the gateway and
 * of `check`
 */
export async function requestKeys<Opened>(
  node: PeerNode,
  gatewayPeerId: string,
  request: KeyRequest,
  check: (reply: KeyReply) => Opened | Promise<Opened>,
  signal?: AbortSignal,
): Promise<Opened> {
  const reply = await callExchange(node, keysExchange, gatewayPeerId, request, signal)
  const { epoch, delegation } = request
  if (reply.epoch !== epoch || reply.delegation !== delegation) {
    throw new Fault('reply-mismatch', 'keys: the gateway answered for another epoch or delegation', {
      epoch: reply.epoch,
      delegation: reply.delegation,
    })
  }
  return check(reply)
}
