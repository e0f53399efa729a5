import { getAddress } from 'ethers'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import {
  DECLINE_REASONS,
  delegationBody,
  delegationMessageTyped,
  delegationReply,
  delegationRequest,
  ROUNDS_MAX,
  TERMS_TEXT_MAX,
} from '../../protocols/messages/delegation.ts'
import {
  ACKNOWLEDGED_MAX,
  DESK_MESSAGE_MAX_BYTES,
  deskReply,
  deskRequest,
} from '../../protocols/messages/delegation-desk.ts'
import {
  DELEGATION_ID_MAX,
  delegationTyped,
  functionBits,
  functionsOf,
  termsHashOf,
  watchedTyped,
} from '../../protocols/messages/delegation-terms.ts'
import type { Message } from '../../protocols/messages/json-message.ts'
import { Fault } from '../../protocols/rules/fault.ts'

const [AWAY, NEAR] = ['a1', 'b2'].map((byte) => getAddress(`0x${byte.repeat(20)}`))
const text64 = (bytes: number): string => Buffer.alloc(bytes, 7).toString('base64url')
const MOST = Number.MAX_SAFE_INTEGER

const header = {
  ...{ version: 1, negotiation: text64(16), sender: AWAY, recipient: NEAR, issuedMs: 5, expiresMs: 6 },
}
const offer = { functions: ['readings'], fromSlot: 1, untilSlot: 2, rewardMicroSct: '0', text: '' }
const capabilities = { functions: ['readings', 'alarms'], hasRelay: false, caringFor: 0 }
const key = { epoch: 0, key33: text64(33), signature: text64(65), proof: text64(64) }
const propose = { kind: 'propose', ...header, round: 1, offer, capabilities }
const counter = { ...propose, kind: 'counter', round: 2 }
const agree = { kind: 'agree', ...header, round: 1 }
const consent = { kind: 'consent', ...header, round: 1, id: 1, signature: text64(65), key }
const decline = { kind: 'decline', ...header, round: 1, reason: 'busy' }
const end = { kind: 'end', ...header, id: 1, untilSlot: 0 }

const object = z.looseObject({})
/** JSON with what lies at a path replaced; undefined takes it away. */
function changed(json: unknown, path: string, value: unknown): unknown {
  const [name = '', ...rest] = path.split('.')
  const fields = { ...(object.safeParse(json).data ?? {}) }
  if (rest.length > 0) return { ...fields, [name]: changed(fields[name], rest.join('.'), value) }
  if (value !== undefined) return { ...fields, [name]: value }
  return Object.fromEntries(Object.entries(fields).filter(([field]) => field !== name))
}

/** Says whether a message takes JSON with one field changed: nothing, or the field that it names. */
function takes<T>(message: Message<T>, json: unknown, path: string, value: unknown): string {
  try {
    message.decode(message.encode(message.fromJson(changed(json, path, value))))
    return ''
  } catch (thrown) {
    return thrown instanceof Error ? (/^[^:]*/.exec(thrown.message)?.[0] ?? '') : 'nothing'
  }
}

const kindOf = (json: object): string => String(object.parse(json)['kind'])
const KINDS = { propose, counter, agree, consent, decline, end }

describe('a word of a delegation', () => {
  it.each(Object.entries(KINDS))('comes as it was sent: %s', (_, json) => {
    const word = delegationBody.fromJson(json)
    expect(delegationBody.decode(delegationBody.encode(word))).toEqual(word)
    expect(delegationBody.toJson(word)).toEqual(json)
  })

  it.each(Object.entries(KINDS))('has every field, and no other: %s', (_, json) => {
    for (const field of Object.keys(json)) expect(takes(delegationBody, json, field, undefined)).not.toBe('')
    expect(takes(delegationBody, json, 'extra', 1)).toBe('delegation')
  })

  const AT_THE_BOUNDS: readonly (readonly [object, string, readonly unknown[], readonly unknown[]])[] = [
    [propose, 'version', [1], [0, 2]],
    [propose, 'negotiation', [text64(16)], [text64(15), text64(17)]],
    [propose, 'sender', [AWAY], ['0x1', '']],
    [propose, 'recipient', [NEAR], [`${NEAR}0`]],
    [propose, 'issuedMs', [0, MOST], [-1, 0.5, MOST + 1]],
    [propose, 'expiresMs', [0, MOST], [-1, 0.5]],
    [propose, 'round', [1], [0, 2]],
    [propose, 'offer.functions', [['alarms'], ['alarms', 'readings']], [[], ['alarms', 'alarms'], ['doors']]],
    [propose, 'offer.fromSlot', [0, 1], [-1, 2, 3]],
    [propose, 'offer.untilSlot', [2, MOST], [1, 0]],
    [
      propose,
      'offer.rewardMicroSct',
      ['0', '18446744073709551615'],
      ['18446744073709551616', '-1', '01', '', '1.5', '1e3', ' 1', '1 '],
    ],
    [propose, 'offer.text', ['x'.repeat(TERMS_TEXT_MAX)], ['x'.repeat(TERMS_TEXT_MAX + 1)]],
    [propose, 'capabilities.hasRelay', [true, false], [1]],
    [propose, 'capabilities.caringFor', [0, 2 ** 32 - 1], [-1, 2 ** 32]],
    [propose, 'capabilities.functions', [['readings']], [[], ['readings', 'readings']]],
    [counter, 'round', [2, ROUNDS_MAX], [1, ROUNDS_MAX + 1]],
    [agree, 'round', [1, ROUNDS_MAX], [0, ROUNDS_MAX + 1]],
    [consent, 'round', [1, ROUNDS_MAX], [0, ROUNDS_MAX + 1]],
    [consent, 'id', [1, DELEGATION_ID_MAX], [0, DELEGATION_ID_MAX + 1]],
    [consent, 'signature', [text64(65)], [text64(64), text64(66)]],
    [consent, 'key.epoch', [0, 2 ** 32 - 1], [-1, 2 ** 32]],
    [consent, 'key.key33', [text64(33)], [text64(32)]],
    [consent, 'key.signature', [text64(65)], [text64(64)]],
    [consent, 'key.proof', [text64(64)], [text64(63), text64(65)]],
    [decline, 'round', [1, ROUNDS_MAX], [0, ROUNDS_MAX + 1]],
    [decline, 'reason', DECLINE_REASONS, ['', 'sleepy']],
    [end, 'id', [1, DELEGATION_ID_MAX], [0, DELEGATION_ID_MAX + 1]],
    [end, 'untilSlot', [0, MOST], [-1]],
    [end, 'kind', [], ['stop']],
  ]

  it.each(AT_THE_BOUNDS.map((row) => [kindOf(row[0]), row[1], row] as const))(
    '%s takes what fits %s, and names it else',
    (_, path, [json, , fits, not]) => {
      expect(fits.map((value) => takes(delegationBody, json, path, value))).toEqual(fits.map(() => ''))
      const named = path === 'offer.fromSlot' ? /^delegation\.offer\.(from|until)Slot$/ : undefined
      for (const value of not) {
        const said = takes(delegationBody, json, path, value)
        if (named === undefined) expect(said.startsWith(`delegation.${path}`)).toBe(true)
        else expect(said).toMatch(named)
      }
    },
  )

  it('is taken, or refused with a fault, whatever stands in one of its fields', () => {
    const paths = [
      'round',
      'offer',
      'offer.functions',
      'offer.rewardMicroSct',
      'offer.fromSlot',
      'negotiation',
    ]
    const odd = fc.constantFrom('1.5', '1e3', ' ', '0x1', '-', 'NaN', [], [[]], {}, null, -0, 1e308, '\u0000')
    fc.assert(
      fc.property(
        fc.constantFrom(...paths, 'sender', 'key.epoch'),
        fc.oneof(odd, fc.jsonValue()),
        (path, value) => {
          for (const json of [propose, counter, consent]) {
            const words = changed(json, path, value)
            try {
              delegationBody.fromJson(words)
            } catch (thrown) {
              expect(thrown).toBeInstanceOf(Fault)
            }
          }
        },
      ),
    )
  })

  it('says what was expected of an end, a reward and a list of functions', () => {
    const said = (path: string, value: unknown) => () =>
      delegationBody.fromJson(changed(propose, path, value))
    expect(said('offer.untilSlot', 1)).toThrow('expected an end after the start')
    expect(said('offer.rewardMicroSct', '-1')).toThrow('expected micro-SCT in decimal digits')
    expect(said('offer.rewardMicroSct', '18446744073709551616')).toThrow('expected a reward of 64 bits')
    expect(said('offer.functions', ['alarms', 'alarms'])).toThrow('expected each function once')
  })

  it('is sent as its very text with a signature, and answered', () => {
    const request = { text: JSON.stringify(propose), signature: new Uint8Array(65) }
    expect(delegationRequest.decode(delegationRequest.encode(request))).toEqual(request)
    const longest = { ...request, text: '"'.repeat(delegationBody.maxBytes) }
    expect(delegationRequest.decode(delegationRequest.encode(longest))).toEqual(longest)
    expect(() => delegationRequest.encode({ ...request, text: `${longest.text}"` })).toThrow('request.text')
    expect(delegationReply.decode(delegationReply.encode({ taken: true }))).toEqual({ taken: true })
    expect(() => delegationReply.fromJson({ taken: false })).toThrow('delegation reply.taken')
  })

  it('is signed by whom it is from, for whom it is, to the letter', () => {
    const words = delegationBody.fromJson(propose)
    const { types, value } = delegationMessageTyped(words, 'text')
    expect(value).toEqual({ sender: AWAY, recipient: NEAR, content: termsHashOf('text') })
    expect(types.DelegationMessage.map(({ name, type }) => `${type} ${name}`)).toEqual([
      'address sender',
      'address recipient',
      'bytes32 content',
    ])
  })
})

describe('the desk of delegations', () => {
  const number = { kind: 'number', negotiation: text64(16), delegator: AWAY, delegatee: NEAR }
  const slots = Array.from({ length: ACKNOWLEDGED_MAX }, (_, i) => ({ slot: MOST - i, receipt: text64(32) }))
  const acknowledge = { kind: 'acknowledge', delegation: DELEGATION_ID_MAX, slots }
  const witness = { kind: 'witness', delegation: 1 }
  const many = slots.map(({ slot }) => slot)
  const taken = { kind: 'acknowledged', count: 2 ** 32 - 1, taken: many, refused: many }
  const word = { kind: 'witness', count: 0, root: text64(32), signature: text64(65) }

  it('takes what it is asked, and answers, at their longest', () => {
    for (const json of [number, acknowledge, witness])
      expect(takes(deskRequest, json, 'kind', json.kind)).toBe('')
    for (const json of [{ kind: 'number', id: 1 }, taken, word]) {
      expect(takes(deskReply, json, 'kind', json.kind)).toBe('')
    }
    expect(deskRequest.maxBytes).toBe(DESK_MESSAGE_MAX_BYTES)
  })

  it.each([
    [deskRequest, number, 'negotiation', text64(15)],
    [deskRequest, number, 'delegator', '0x1'],
    [deskRequest, number, 'delegatee', '0x1'],
    [deskRequest, acknowledge, 'delegation', 0],
    [deskRequest, acknowledge, 'delegation', DELEGATION_ID_MAX + 1],
    [deskRequest, acknowledge, 'slots', []],
    [deskRequest, acknowledge, 'slots', [...slots, ...slots.slice(0, 1)]],
    [deskRequest, acknowledge, 'slots', [{ slot: -1, receipt: text64(32) }]],
    [deskRequest, acknowledge, 'slots', [{ slot: 1, receipt: text64(31) }]],
    [deskRequest, witness, 'delegation', 0],
    [deskReply, { kind: 'number', id: 1 }, 'id', 0],
    [deskReply, taken, 'count', 2 ** 32],
    [deskReply, taken, 'taken', [...many, 1]],
    [deskReply, taken, 'refused', [...many, 1]],
    [deskReply, word, 'count', 2 ** 32],
    [deskReply, word, 'root', text64(33)],
    [deskReply, word, 'signature', text64(64)],
  ])('refuses what does not fit, by its name: %#', (message: Message<unknown>, json, path, value) => {
    expect(takes(message, json, path, value).startsWith(`${message.name}.${path}`)).toBe(true)
  })
})

describe('the terms that are signed', () => {
  const terms = {
    ...{ id: 3, delegator: AWAY ?? '', delegatee: NEAR ?? '', functions: ['alarms'] as const, fromSlot: 4 },
    ...{ untilSlot: 5, rewardMicroSct: 6n, termsHash: termsHashOf('water the plants') },
  }
  const typesOf = (typed: { types: Record<string, readonly { name: string; type: string }[]> }) =>
    Object.entries(typed.types).map(([name, fields]) => {
      return `${name}(${fields.map((field) => `${field.type} ${field.name}`).join()})`
    })

  it('name what is handed over by its bits', () => {
    expect([functionBits([]), functionBits(['readings']), functionBits(['readings', 'alarms'])]).toEqual([
      0, 1, 3,
    ])
    expect([1, 2, 3].map(functionsOf)).toEqual([['readings'], ['alarms'], ['readings', 'alarms']])
    for (const bits of [0, 4, 5, 7]) {
      expect(() => functionsOf(bits)).toThrow(
        `delegation.functions: expected 1 (readings), 2 (alarms) or 3 (both), got ${bits}`,
      )
    }
  })

  it('are those of the contract, field by field', () => {
    const typed = delegationTyped(terms)
    expect(typesOf(typed)).toEqual([
      'Delegation(uint64 id,address delegator,address delegatee,uint8 functions,uint64 fromSlot,' +
        'uint64 untilSlot,uint64 reward,bytes32 terms)',
    ])
    expect(typed.value).toEqual({
      ...{ id: 3, delegator: AWAY, delegatee: NEAR, functions: 2, fromSlot: 4, untilSlot: 5, reward: 6n },
      terms: '0x70e6e35d0a4a2ad80ef9254befa9d8c81a114af3afc27da421fd7f58b157c2ab',
    })
  })

  it('are counted by what the community signs', () => {
    const root = `0x${'0c'.repeat(32)}`
    const typed = watchedTyped({ id: 3, count: 4, root })
    expect(typesOf(typed)).toEqual(['Watched(uint64 id,uint32 count,bytes32 root)'])
    expect(typed.value).toEqual({ id: 3, count: 4, root })
  })
})
