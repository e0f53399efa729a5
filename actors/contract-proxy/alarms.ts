import type { FeeRules } from '../../chain/proxy/fees.ts'
import { Fault } from '../../protocols/rules/fault.ts'
import type { Call } from './call.ts'

/*
 * What the outbox tells its gateway. None of these loses an intent: each is waited out, and each needs a
 * look.
 */

/** The alarm of a chain that costs more than its rules allow. */
export function aboveCap(baseFeeWei: bigint, { capWei }: FeeRules): Fault {
  const facts = { baseFeeWei: `${baseFeeWei}`, capWei: `${capWei}` }
  return new Fault(
    'fee-above-cap',
    `the chain asks ${baseFeeWei} wei a unit of gas, the cap is ${capWei}`,
    facts,
  )
}

/** `call-unfunded` or `call-refused`: the node will not take the bytes as things are. */
export function callRefused({ nonce, row: { kind } }: Call, verdict: string, detail: string): Fault {
  const message = `the node refuses call ${nonce} (${kind}): ${detail}; it is offered again`
  return new Fault(`call-${verdict}`, message, { nonce, kind, verdict })
}

/** `call-stalled`: in no block for too long. */
export function callStalled({ nonce, row: { kind } }: Call, blocks: number): Fault {
  const message = `call ${nonce} (${kind}) is in no block after ${blocks} blocks`
  return new Fault('call-stalled', message, { nonce, kind, blocks })
}

/** `nonce-taken`: finally used by somebody else. */
export function nonceTaken({ nonce }: Call): Fault {
  const message = `nonce ${nonce} was used by a transaction not ours: another program has this key`
  return new Fault('nonce-taken', message, { nonce })
}

/** `chain-rewound`: the chain knows so much less that we sign nothing new before it is back. */
export function chainRewound(account: string, used: number, missing: number): Fault {
  const message = `the chain lost ${missing} transactions of ${account}; nothing is signed until it is back`
  return new Fault('chain-rewound', message, { account, used, missing })
}
