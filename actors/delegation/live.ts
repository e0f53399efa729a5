import { hexlify } from 'ethers'
import type { DelegationMessage } from '../../protocols/messages/delegation.ts'
import { delegationTyped } from '../../protocols/messages/delegation-terms.ts'
import { createDurableActor, type Deadline, type DurableActor, type Effect } from '../durable.ts'
import type { KeyGrant } from '../smart-gateway/joining.ts'
import { isRefusal, keepTrying } from './keep-trying.ts'
import { delegationMachine, type DelegationContext, type DelegationEvent } from './machine.ts'
import {
  callId,
  type DelegationPorts,
  type EncodedCall,
  type OwnDelegation,
  type SignedKey,
} from './ports.ts'
import {
  agreedTerms,
  agreementWord,
  consentOf,
  consentWord,
  declineWord,
  endWord,
  offerWord,
} from './words.ts'

/** Raised whenever a stored snapshot of the machine before would not fit. */
const MACHINE_VERSION = 1

export type DelegationActor = DurableActor<typeof delegationMachine>
type Snapshot = ReturnType<DelegationActor['snapshot']>
type DelegationEffect = Effect<typeof delegationMachine>

/** Names the machine of a delegation in the store. */
export const machineKey = (negotiation: string): string => `delegation:${negotiation}`

/** A grant as a call takes it. */
export const signedKeyOf = ({ epoch, key, signature, proof }: KeyGrant): SignedKey => ({
  epoch,
  key: hexlify(key),
  signature: hexlify(signature),
  proof: hexlify(proof),
})

const AWAITS_ANSWER = [
  'proposed',
  'negotiating',
  { consented: 'preparing' },
  { consented: 'agreed' },
] as const

/** What a machine waits for by the clock, and not by the chain's. */
function deadlines(snapshot: Snapshot): readonly Deadline<DelegationEvent>[] {
  if (!AWAITS_ANSWER.some((state) => snapshot.matches(state))) return []
  return [{ id: 'answer', atMs: snapshot.context.answerByMs, event: { type: 'TIME_OUT' } }]
}

/** The effects of one delegation, and how long each is wanted. */
class Doing {
  readonly #ports: DelegationPorts
  readonly #own: OwnDelegation
  readonly #signal: AbortSignal
  #current: (() => Snapshot) | null = null

  constructor(ports: DelegationPorts, own: OwnDelegation, signal: AbortSignal) {
    this.#ports = ports
    this.#own = own
    this.#signal = signal
  }

  /** From now on it is known where the machine stands. */
  follow(actor: DelegationActor): void {
    this.#current = () => actor.snapshot()
  }

  #try<T>(
    about: string,
    work: () => Promise<T>,
    isWanted: (now: Snapshot) => boolean,
    isFinal: (thrown: unknown) => boolean = () => false,
  ): Promise<T | null> {
    return keepTrying(work, {
      isWanted: () => this.#current === null || isWanted(this.#current()),
      signal: this.#signal,
      isFinal,
      onFault: (thrown) => this.#ports.onFault(thrown, `${about} of delegation ${this.#own.negotiation}`),
    })
  }

  /** A word of which it is enough that it was said, or that the other home will not hear it. */
  #say(make: (context: DelegationContext) => DelegationMessage, isWanted: (now: Snapshot) => boolean) {
    const effect: DelegationEffect = async (_action, { context }) => {
      const send = () => this.#ports.send(make(context))
      await this.#try('a word', send, isWanted, isRefusal).catch((thrown: unknown) =>
        this.#ports.onFault(thrown, `a word of delegation ${this.#own.negotiation}`),
      )
    }
    return effect
  }

  readonly #offer: DelegationEffect = async (_action, { context }, send) => {
    const { round } = context
    const isWanted = (now: Snapshot): boolean =>
      now.context.round === round && (now.matches('proposed') || now.matches('negotiating'))
    try {
      await this.#try(
        'an offer',
        () => this.#ports.send(offerWord(this.#ports, context)),
        isWanted,
        isRefusal,
      )
    } catch (thrown) {
      if (!isRefusal(thrown)) throw thrown
      await send({ type: 'PEER_DECLINED', because: thrown.message })
    }
  }

  readonly #requestKey: DelegationEffect = async (_action, { context }, send) => {
    const { community, account, sign, store } = this.#ports
    const { negotiation, peer } = context
    const prepare = async () => {
      const id = await community.number(negotiation, peer)
      const { epoch, key, signature, proof } = signedKeyOf(await community.key(id))
      const consented = await sign(delegationTyped(agreedTerms(account, context, id)))
      await store.transaction((trx) =>
        trx
          .updateTable('own_delegation')
          .set({ delegation: id })
          .where('negotiation', '=', negotiation)
          .execute(),
      )
      return { id, signature: consented, epoch, key, keySignature: signature, proof }
    }
    const consent = await this.#try('the key', prepare, (now) => now.matches({ consented: 'preparing' }))
    if (consent !== null) await send({ type: 'KEY_RECEIVED', consent })
  }

  readonly #register: DelegationEffect = async (_action, { context }) => {
    const { account, calls, outbox, sign, store } = this.#ports
    const { negotiation, terms } = context
    const { id, signature, epoch, key, keySignature, proof } = consentOf(context)
    const agreed = agreedTerms(account, context, id)
    const byDelegator = await sign(delegationTyped(agreed))
    const signed = { epoch, key, signature: keySignature, proof }
    const register = calls.register(agreed, byDelegator, signature, signed)
    const reward = BigInt(terms.rewardMicroSct)
    const allowed = await this.#try(
      'the allowance',
      () => this.#ports.allowance(),
      (now) => now.matches({ consented: 'registering' }),
    )
    if (allowed === null) return
    await store.transaction(async (trx) => {
      await trx
        .updateTable('own_delegation')
        .set({ delegation: id })
        .where('negotiation', '=', negotiation)
        .execute()
      if (allowed < reward) {
        await outbox.enqueue(trx, {
          id: callId('approve', negotiation),
          kind: 'approve',
          ...calls.approve(reward),
        })
      }
      await outbox.enqueue(trx, {
        id: callId('registerDelegation', negotiation),
        kind: 'registerDelegation',
        ...register,
      })
    })
  }

  /** Asks for a call, once, whatever happens in between. */
  async #ask(call: 'endDelegation' | 'claimReward' | 'returnReward', encoded: EncodedCall): Promise<void> {
    const { store, outbox } = this.#ports
    const id = callId(call, this.#own.negotiation)
    await store.transaction((trx) => outbox.enqueue(trx, { id, kind: call, ...encoded }))
  }

  readonly #claim: DelegationEffect = async (_action, { context }) => {
    const { id } = consentOf(context)
    const { community, calls } = this.#ports
    const isWanted = (now: Snapshot): boolean => now.matches({ ended: 'claiming' })
    const witness = await this.#try('the witness', () => community.witness(id), isWanted)
    if (witness !== null) await this.#ask('claimReward', calls.claim(id, witness))
  }

  readonly #askPeople: DelegationEffect = async (_action, { context }, send) => {
    if (this.#ports.accepts()) await send({ type: 'PERSON_ACCEPTS' })
    else this.#ports.tellPeople(context.negotiation)
  }

  effects(): Readonly<Record<string, DelegationEffect>> {
    const { calls, eraseKeys } = this.#ports
    const ports = this.#ports
    const { clock } = ports
    return {
      sendOffer: this.#offer,
      sendAgreement: this.#say(
        (context) => agreementWord(ports, context),
        (now) => now.matches({ consented: 'agreed' }),
      ),
      sendConsent: this.#say(
        (context) => consentWord(ports, context),
        (now) => now.matches({ consented: 'given' }),
      ),
      sendDecline: this.#say(
        (context) => declineWord(ports, context),
        ({ context }) => clock.nowMs() < context.answerByMs,
      ),
      sendEnd: this.#say(
        (context) => endWord(ports, context),
        (now) => now.matches('ending'),
      ),
      askPeople: this.#askPeople,
      requestKey: this.#requestKey,
      register: this.#register,
      end: (_action, { context }) => this.#ask('endDelegation', calls.end(consentOf(context).id)),
      eraseKey: (_action, { context }) => eraseKeys(consentOf(context).id),
      claimReward: this.#claim,
      returnReward: (_action, { context }) =>
        this.#ask('returnReward', calls.returnReward(consentOf(context).id)),
    }
  }
}

/** What a delegation begins with; a machine that was stored goes on with what it knows. */
export type Beginning = Pick<DelegationContext, 'terms' | 'answerByMs'>

const NOTHING: Beginning = {
  terms: { functions: [], fromSlot: 0, untilSlot: 0, rewardMicroSct: '0', text: '' },
  answerByMs: 0,
}

/** Starts the machine of one delegation, or goes on with it; `signal` ends what it is about to try again. */
export async function startDelegation(
  ports: DelegationPorts,
  own: OwnDelegation,
  signal: AbortSignal,
  begin: Beginning = NOTHING,
): Promise<DelegationActor> {
  const { negotiation, role, peer } = own
  const doing = new Doing(ports, own, signal)
  const actor = await createDurableActor({
    key: machineKey(negotiation),
    version: MACHINE_VERSION,
    machine: delegationMachine,
    input: { negotiation, role, peer, ...begin },
    store: ports.store,
    clock: ports.clock,
    onFault: ports.onFault,
    ...(ports.inspect === undefined ? {} : { inspect: ports.inspect }),
    // The home's own list of its delegations begins in the same transaction as the machine.
    stage: async (trx) => {
      const row = { ...own, delegation: null, state: 'opening', ended_at_ms: null }
      await trx
        .insertInto('own_delegation')
        .values({ ...row, began_at_ms: ports.clock.nowMs() })
        .onConflict((conflict) => conflict.doNothing())
        .execute()
    },
    effects: doing.effects(),
    deadlines,
  })
  doing.follow(actor)
  return actor
}
