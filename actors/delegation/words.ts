import { getBytes } from 'ethers'
import {
  DELEGATION_MAX_LIFE_MS,
  type DelegationMessage,
  type DelegationOffer,
} from '../../protocols/messages/delegation.ts'
import { termsHashOf, type DelegationTerms } from '../../protocols/messages/delegation-terms.ts'
import { Fault } from '../../protocols/rules/fault.ts'
import type { DelegateeConsent, DelegationContext, OfferedTerms } from './machine.ts'
import type { DelegationPorts } from './ports.ts'

/** A word that needs no answer is good for so long; it is made anew each time that it is sent. */
const WORD_LIFE_MS = 3_600_000

type Home = Pick<DelegationPorts, 'account' | 'clock' | 'capabilities'>

function header({ account, clock }: Home, { negotiation, peer }: DelegationContext, expiresMs?: number) {
  const issuedMs = clock.nowMs()
  const latest = issuedMs + DELEGATION_MAX_LIFE_MS
  return {
    version: 1 as const,
    negotiation: getBytes(`0x${negotiation}`),
    sender: account,
    recipient: peer,
    issuedMs,
    // An answer that is due already is still heard by whoever's clock is behind.
    expiresMs: Math.min(latest, Math.max(expiresMs ?? issuedMs + WORD_LIFE_MS, issuedMs + 1)),
  }
}

const offerOf = ({ functions, ...terms }: OfferedTerms): DelegationOffer => ({
  ...terms,
  functions: [...functions],
})

/** The newest offer: the first of all is a proposal. */
export function offerWord(home: Home, context: DelegationContext): DelegationMessage {
  const { round, terms, answerByMs } = context
  const said = { ...header(home, context, answerByMs), offer: offerOf(terms) }
  const capabilities = home.capabilities()
  if (round === 1) return { kind: 'propose', ...said, round, capabilities }
  return { kind: 'counter', ...said, round, capabilities }
}

export function agreementWord(home: Home, context: DelegationContext): DelegationMessage {
  return { kind: 'agree', ...header(home, context, context.answerByMs), round: context.round }
}

export function declineWord(home: Home, context: DelegationContext): DelegationMessage {
  const reason = context.consent === null ? 'not-now' : 'withdrawn'
  return { kind: 'decline', ...header(home, context), round: context.round, reason }
}

/** Throws `impossible` before the community gave a number and a key. */
export function consentOf({ consent, negotiation }: DelegationContext): DelegateeConsent {
  if (consent !== null) return consent
  throw new Fault('impossible', `delegation ${negotiation}: there is no consent yet`)
}

export function consentWord(home: Home, context: DelegationContext): DelegationMessage {
  const { id, signature, epoch, key, keySignature, proof } = consentOf(context)
  return {
    kind: 'consent',
    ...header(home, context),
    round: context.round,
    id,
    signature: getBytes(signature),
    key: {
      epoch,
      key33: getBytes(key),
      signature: getBytes(keySignature),
      proof: getBytes(proof),
    },
  }
}

export function endWord(home: Home, context: DelegationContext): DelegationMessage {
  const { id } = consentOf(context)
  return { kind: 'end', ...header(home, context), id, untilSlot: context.untilSlot ?? 0 }
}

/** What both sign, of what is on the table. */
export function agreedTerms(
  account: string,
  { role, peer, terms }: Pick<DelegationContext, 'role' | 'peer' | 'terms'>,
  id: number,
): DelegationTerms {
  const { functions, fromSlot, untilSlot, rewardMicroSct, text } = terms
  return {
    id,
    delegator: role === 'delegator' ? account : peer,
    delegatee: role === 'delegator' ? peer : account,
    functions,
    fromSlot,
    untilSlot,
    rewardMicroSct: BigInt(rewardMicroSct),
    termsHash: termsHashOf(text),
  }
}
