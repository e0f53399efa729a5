import { expect, it } from 'vitest'
import { anyRecord, homeAddress, type Call } from '../../../bench/contract-lab.ts'
import { SCT } from '../../../bench/delegation-lab.ts'
import { trading } from '../../../bench/market-lab.ts'
import { termsValue } from '../../../protocols/messages/delegation-terms.ts'
import { AWAY, delegationLab, NEAR, NEXT } from './delegations.ts'
import { passSlots } from './setting.ts'

const desk = delegationLab()
const lab = () => desk().lab
const STRANGER = homeAddress(99)
const ROLES = ['delegator', 'delegatee', 'other home', 'community', 'stranger'] as const
type Role = (typeof ROLES)[number]

/** While AWAY is watched by NEAR: what each role meets when it calls. Null: it is carried out. */
type Outcomes = Readonly<Record<Role, string | null>>

const everybody = (outcome: string | null, but: Partial<Outcomes> = {}): Outcomes => ({
  delegator: outcome,
  delegatee: outcome,
  'other home': outcome,
  community: outcome,
  stranger: outcome,
  ...but,
})

interface Row {
  readonly what: string
  readonly call: (caller: string) => Call | Promise<Call>
  readonly outcomes: Outcomes
}

/** Registers a further delegation whose terms name `delegator`, with what consents the caller can get. */
async function registers(delegator: string, delegatee: string, signer: string): Promise<Call> {
  const terms = await desk().terms(delegator, delegatee, { id: 5 })
  const consent = desk().consent(signer, terms)
  const second = desk().consent(delegatee, terms)
  const key = await desk().signedKey(delegatee, 5)
  return lab().toMonitoring(signer, 'registerDelegation', termsValue(terms), consent, second, key)
}

async function rows(slot: number, key: string): Promise<readonly Row[]> {
  const { lab: contracts } = desk()
  const market = (caller: string, name: string, ...args: readonly unknown[]): Call => ({
    from: caller,
    to: contracts.contracts.trading,
    contract: trading,
    name,
    args,
  })
  return [
    {
      what: 'end it',
      call: (caller) => desk().endCall(caller),
      outcomes: everybody('NotAParty', { delegator: null, delegatee: null, community: null }),
    },
    {
      what: 'claim before the end',
      call: (caller) => desk().claimCall(caller, 1),
      outcomes: everybody('NotTheDelegatee', { delegatee: 'DelegationNotOver' }),
    },
    {
      what: 'draw the escrow',
      call: (caller) => desk().returnCall(caller),
      outcomes: everybody('ClaimStillOpen'),
    },
    {
      what: 'publish a key for the delegation',
      call: async (caller) =>
        contracts.toMonitoring(caller, 'publishKey', ...(await contracts.keyOf(caller, 1, 1))),
      outcomes: everybody('DelegationUnknown', {
        delegatee: 'DelegationKeyed',
        community: 'NotAdmitted',
        stranger: 'NotAdmitted',
      }),
    },
    {
      what: 'submit a reading under the delegation',
      call: (caller) => contracts.submitCall(caller, [anyRecord(slot, 1)], key),
      outcomes: everybody('WrongRecipient', {
        delegator: null,
        community: 'NotAdmitted',
        stranger: 'NotAdmitted',
      }),
    },
    {
      what: 'raise an alarm of its own, sealed to the delegation key',
      call: (caller) => contracts.toMonitoring(caller, 'raiseOwnAlarm', 1, key, new Uint8Array(177)),
      outcomes: everybody('WrongRecipient', {
        delegator: null,
        community: 'NotAdmitted',
        stranger: 'NotAdmitted',
      }),
    },
    {
      what: 'raise an alarm in the name of the community',
      call: (caller) =>
        contracts.toMonitoring(caller, 'raiseAlarms', 1, [AWAY], [key], [new Uint8Array(177)]),
      outcomes: everybody('AccessManagedUnauthorized', { community: null }),
    },
    {
      what: 'hand the watch on in the delegator’s name',
      call: (caller) => registers(AWAY, NEXT, caller),
      outcomes: everybody('StillDelegated'),
    },
    {
      what: 'hand another home over in its name',
      call: (caller) => registers(NEXT, NEAR, caller),
      outcomes: everybody('NotConsented', {
        'other home': null,
        community: 'ECDSAInvalidSignatureLength',
        stranger: 'ECDSAInvalidSignatureLength',
      }),
    },
    {
      what: 'move the delegator’s tokens',
      call: (caller) => desk().toToken(caller, 'transferFrom', AWAY, caller, SCT),
      outcomes: everybody('ERC20InsufficientAllowance'),
    },
    {
      what: 'spend the delegator’s credit on the market',
      call: (caller) => market(caller, 'withdraw', 1),
      outcomes: everybody('NotEnoughCredit', { delegator: null }),
    },
    {
      what: 'end a membership',
      call: (caller) => contracts.toMonitoring(caller, 'revoke', AWAY),
      outcomes: everybody('AccessManagedUnauthorized', { community: null }),
    },
  ]
}

it('gives a delegatee the watch and nothing else, whoever it is and whatever it calls', async () => {
  await lab().do(desk().toToken(AWAY, 'approve', lab().contracts.trading, SCT))
  await lab().do({
    from: AWAY,
    to: lab().contracts.trading,
    contract: trading,
    name: 'deposit',
    args: [SCT],
  })
  const { fromSlot } = await desk().register(AWAY, NEAR)
  await passSlots(lab(), fromSlot - (await lab().currentSlot()))
  const accounts: Readonly<Record<Role, string>> = {
    delegator: AWAY,
    delegatee: NEAR,
    'other home': NEXT,
    community: lab().manager.address,
    stranger: STRANGER,
  }
  for (const { what, call, outcomes } of await rows(fromSlot, await desk().keyIdOf(1))) {
    for (const role of ROLES) {
      const refused = await lab().refusalOf(await call(accounts[role]))
      expect(refused?.name ?? null, `${role}: ${what}`).toBe(outcomes[role])
    }
  }
})
