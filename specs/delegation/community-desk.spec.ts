import { getBytes } from 'ethers'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { watchedOf } from '../../actors/community-gateway/watched-slots.ts'
import { systemRandom } from '../../bin/clock.ts'
import {
  acknowledge,
  nothingWatched,
  receiptOf,
  SILENT_RECEIPT,
} from '../../protocols/crypto/acknowledgement.ts'
import type { KeyPair } from '../../protocols/crypto/group.ts'
import { recoverReading } from '../../protocols/crypto/recover-reading.ts'
import { requireSignature } from '../../protocols/crypto/registration.ts'
import { watchedTyped, type DelegationTerms } from '../../protocols/messages/delegation-terms.ts'
import { codeOf } from '../../protocols/rules/fault.ts'
import { accountOf, AWAY, NEAR, OTHER, WatchedCommunity, type Sealed } from './watched-community.ts'

const SOON = { timeout: 20_000, interval: 100 }

let community: WatchedCommunity

beforeAll(async () => {
  community = await WatchedCommunity.open()
  await community.caughtUp()
}, 60_000)

afterAll(async () => {
  // The bench founds the community with the same account, whose nonces the outbox therefore finds used.
  expect(community.faults.map(codeOf).filter((code) => code !== 'nonce-taken')).toEqual([])
  await community.close()
})

const numberAsked = (change: object = {}) => ({
  kind: 'number' as const,
  negotiation: systemRandom(16),
  delegator: AWAY.address,
  delegatee: NEAR.address,
  ...change,
})

async function acknowledged(id: number, slots: readonly { slot: number; receipt: Uint8Array }[], by = NEAR) {
  const asked = { kind: 'acknowledge' as const, delegation: id, slots: [...slots] }
  const reply = await community.desk.answer(asked, by.address)
  if (reply.kind !== 'acknowledged') throw new Error('not acknowledged')
  return reply
}

describe('the desk gives a number', () => {
  it('to a negotiation: the same when asked again, a higher one to the next', async () => {
    const asked = numberAsked()
    const first = await community.desk.answer(asked, NEAR.address)
    expect(await community.desk.answer(asked, NEAR.address)).toEqual(first)
    const next = await community.number()
    expect(first).toEqual({ kind: 'number', id: next - 1 })
  })

  it('to the delegatee only, for two members, and not for a negotiation of others', async () => {
    const { desk } = community
    await expect(desk.answer(numberAsked(), AWAY.address)).rejects.toMatchObject({
      code: 'not-the-delegatee',
    })
    const own = numberAsked({ delegator: NEAR.address })
    await expect(desk.answer(own, NEAR.address)).rejects.toMatchObject({ code: 'own-delegatee' })
    const stranger = numberAsked({ delegator: `0x${'12'.repeat(20)}` })
    await expect(desk.answer(stranger, NEAR.address)).rejects.toMatchObject({ code: 'not-a-member' })
    const asked = numberAsked()
    await desk.answer(asked, NEAR.address)
    const others = { ...asked, delegator: OTHER.address }
    await expect(desk.answer(others, NEAR.address)).rejects.toMatchObject({ code: 'negotiation-differs' })
  })
})

describe('the key of a delegation', () => {
  it('goes to its delegatee alone, in the epoch that holds', async () => {
    const id = await community.number()
    const { pair, reply } = await community.issue(accountOf(NEAR), id)
    expect(pair.bytes).toEqual(reply.key33)
    expect((await community.issue(accountOf(NEAR), id)).pair.secret).toBe(pair.secret)
    expect((await community.issue(accountOf(NEAR), 0)).pair.secret).not.toBe(pair.secret)
    const refused = [
      [AWAY, id, 0, 'not-the-delegatee'],
      [NEAR, id + 1000, 0, 'delegation-unknown'],
      [NEAR, id, 1, 'epoch-unknown'],
    ] as const
    for (const [home, delegation, epoch, code] of refused)
      await expect(community.issue(accountOf(home), delegation, epoch)).rejects.toMatchObject({ code })
  })
})

describe('of a registered delegation, the community gateway', () => {
  let terms: DelegationTerms
  let pair: KeyPair
  const sent: Sealed[] = []

  const receiptAs = (key: KeyPair, { record, sealed }: Sealed) => {
    const { chainId, monitoring } = community.lab.contracts
    const { slot, epoch, payload } = record
    const binding = { chainId, monitoring, sender: accountOf(AWAY), epoch, slot, delegation: terms.id }
    const opened = recoverReading(key, { binding, payload })
    if (!opened.ok) throw new Error(opened.code)
    expect(opened.blindings).toEqual(sealed.blindings)
    return { slot, receipt: receiptOf(opened.blindings) }
  }
  const send = async (slot: number, importWh = slot): Promise<Sealed> => {
    const sealed = community.seal(slot, { delegation: terms.id, key: pair.bytes }, importWh)
    await community.submit(sealed)
    sent.push(sealed)
    return sealed
  }

  beforeAll(async () => {
    const delegated = await community.delegate()
    terms = delegated.terms
    pair = delegated.pair
    await community.caughtUp()
  })

  it('numbers the next one above what the chain knows', async () => {
    await community.store.transaction(async (trx) => {
      await trx.deleteFrom('delegation_number').execute()
    })
    expect(await community.number()).toBe(terms.id + 1)
    expect((await community.issue(accountOf(NEAR), terms.id)).pair.secret).toBe(pair.secret)
  })

  it('opens its readings with the merged key in the recovery threads, and counts them', async () => {
    await community.reach(terms.fromSlot)
    const sealed = await send(terms.fromSlot, 4321)
    await community.caughtUp()
    const row = await community.store.db
      .selectFrom('reading')
      .select(['import_wh', 'fault', 'water_ml'])
      .where('slot', '=', sealed.record.slot)
      .executeTakeFirst()
    expect(row).toEqual({ import_wh: 4321, fault: null, water_ml: 43_210 })
    const key = await community.opening.keyOf({ epoch: 0, delegation: terms.id })
    expect(key?.secret).toBe(pair.secret)
  })

  it('takes the receipt of what it opened itself, once, and no other', async () => {
    const [first] = sent
    if (first === undefined) throw new Error('nothing was sent')
    const right = receiptAs(pair, first)
    const wrong = { slot: right.slot, receipt: systemRandom(32) }
    expect(await acknowledged(terms.id, [wrong])).toMatchObject({
      count: 0,
      taken: [],
      refused: [right.slot],
    })
    expect(await acknowledged(terms.id, [right])).toMatchObject({ count: 1, taken: [right.slot] })
    expect(await acknowledged(terms.id, [right])).toMatchObject({ count: 1, taken: [right.slot] })
    expect(await acknowledged(terms.id, [wrong])).toMatchObject({ count: 1, refused: [right.slot] })
  })

  it('takes silence for a slot that is over, and then the reading that came late', async () => {
    const slot = terms.fromSlot + 1
    const silent = { slot, receipt: SILENT_RECEIPT }
    await community.reach(slot)
    expect(await acknowledged(terms.id, [silent])).toEqual({
      kind: 'acknowledged',
      count: 1,
      taken: [],
      refused: [],
    })
    await community.reach(slot + 1)
    expect(await acknowledged(terms.id, [silent])).toMatchObject({ count: 2, taken: [slot] })
    const late = receiptAs(pair, await send(slot))
    await community.caughtUp()
    expect(await acknowledged(terms.id, [late])).toMatchObject({ count: 2, taken: [slot] })
    expect(await acknowledged(terms.id, [silent])).toMatchObject({ count: 2, refused: [slot] })
  })

  it('neither takes nor refuses what it has yet to open, nor silence where something came', async () => {
    const slot = terms.fromSlot + 2
    const unknown = { slot, receipt: systemRandom(32) }
    expect(await acknowledged(terms.id, [unknown])).toMatchObject({ count: 2, taken: [], refused: [] })
    const sealed = await send(slot)
    await community.reach(slot + 1)
    const silent = { slot, receipt: SILENT_RECEIPT }
    expect(await acknowledged(terms.id, [silent])).toMatchObject({ count: 2, taken: [], refused: [] })
    expect(await acknowledged(terms.id, [receiptAs(pair, sealed)])).toMatchObject({ count: 3, taken: [slot] })
  })

  it('hears nobody but its delegatee, and of no slot outside its window', async () => {
    const outside = [terms.fromSlot - 1, terms.untilSlot].map((slot) => ({ slot, receipt: SILENT_RECEIPT }))
    const refused = outside.map(({ slot }) => slot)
    expect(await acknowledged(terms.id, outside)).toMatchObject({ taken: [], refused })
    for (const home of [AWAY, OTHER])
      await expect(acknowledged(terms.id, outside, home)).rejects.toMatchObject({ code: 'not-the-delegatee' })
    await expect(acknowledged(terms.id + 500, outside)).rejects.toMatchObject({ code: 'delegation-unknown' })
  })

  it('seals alarms about the home to the delegatee’s key, those about others to their own', async () => {
    const reader = await community.alarmReader(AWAY.address)
    expect(reader).toMatchObject({ delegation: terms.id, epoch: 0, key: pair.bytes })
    expect(await community.alarmReader(NEAR.address)).toMatchObject({ delegation: 0, epoch: 0 })
  })

  it('witnesses what counts, once it is over by the chain, in the order of slots', async () => {
    const { desk, lab, homes } = community
    const ask = () => desk.answer({ kind: 'witness', delegation: terms.id }, NEAR.address)
    await expect(ask()).rejects.toMatchObject({ code: 'delegation-not-over' })
    const end = await lab.do(homes.endCall(NEAR.address, terms.id))
    expect(end.status).toBe(1)
    await community.reach((await lab.currentSlot()) + 1)
    await community.store.db.deleteFrom('watched').execute()
    for (const each of [...sent].reverse()) await acknowledged(terms.id, [receiptAs(pair, each)])
    const reply = await ask()
    if (reply.kind !== 'witness') throw new Error('no witness')
    expect(reply.count).toBe(3)
    const inOrder = sent.map((each) => receiptAs(pair, each)).sort((a, b) => a.slot - b.slot)
    const due = inOrder.reduce(acknowledge, nothingWatched(terms.id))
    expect(reply.root).toEqual(getBytes(due.root))
    const signature = `0x${Buffer.from(reply.signature).toString('hex')}`
    requireSignature(homes.domain, watchedTyped(due), signature, lab.manager.address)
    const claim = [terms.id, reply.count, due.root, signature]
    expect((await lab.do(lab.toMonitoring(NEAR.address, 'claimReward', ...claim))).status).toBe(1)
  })

  it('counts only the slots before an end, however many it took after', async () => {
    const window = await community.store.db
      .selectFrom('delegation')
      .selectAll()
      .where('id', '=', terms.id)
      .executeTakeFirstOrThrow()
    const cut = { ...window, until_slot: terms.fromSlot + 2 }
    expect((await watchedOf(community.store.db, cut)).count).toBe(2)
  })

  it('refuses what is later than the contract lets a reading be', async () => {
    const { fromSlot } = terms
    await community.store.db.deleteFrom('watched').execute()
    const [first] = sent
    if (first === undefined) throw new Error('nothing was sent')
    await community.reach(fromSlot + 64)
    const right = receiptAs(pair, first)
    const [graceSlots] = await community.lab.readMonitoring('graceSlots')
    expect(graceSlots).toBe(64n)
    expect(await acknowledged(terms.id, [right])).toMatchObject({ count: 1, taken: [fromSlot] })
    await community.store.db.deleteFrom('watched').execute()
    await community.reach(fromSlot + 65)
    expect(await acknowledged(terms.id, [right])).toMatchObject({ count: 0, refused: [fromSlot] })
  })
})

describe('the manager', () => {
  it('ends a delegation, once, from the slot after the block that holds it', async () => {
    const { desk, store, lab } = community
    const { terms } = await community.delegate({ untilSlot: (await lab.currentSlot()) + 50 })
    await community.caughtUp()
    await desk.end(terms.id)
    await desk.end(terms.id)
    const calls = await store.db
      .selectFrom('intent')
      .select('id')
      .where('kind', '=', 'end-delegation')
      .execute()
    expect(calls).toEqual([{ id: `end-delegation:${terms.id}:0` }])
    const row = () =>
      store.db.selectFrom('delegation').selectAll().where('id', '=', terms.id).executeTakeFirstOrThrow()
    await expect
      .poll(async () => {
        await lab.rpc('evm_mine')
        return (await row()).ended_by
      }, SOON)
      .toBe(lab.manager.address.toLowerCase())
    await community.reach((await row()).until_slot)
    await expect(desk.end(terms.id)).rejects.toMatchObject({ code: 'delegation-over' })
    await expect(desk.end(terms.id + 900)).rejects.toMatchObject({ code: 'delegation-unknown' })
  })
})

describe('a delegated reading whose key the gateway has not met', () => {
  it('waits, and is opened once the chain has told the key', async () => {
    const { terms, pair } = await community.delegate()
    await community.caughtUp()
    const key = community.store.db.selectFrom('delegation_epoch_key').where('delegation', '=', terms.id)
    const row = await key.selectAll().executeTakeFirstOrThrow()
    await community.store.db.deleteFrom('delegation_epoch_key').where('delegation', '=', terms.id).execute()
    await community.reach(terms.fromSlot)
    await community.submit(community.seal(terms.fromSlot, { delegation: terms.id, key: pair.bytes }))
    await community.caughtUp()
    const opened = () =>
      community.store.db
        .selectFrom('reading')
        .select('fault')
        .where('slot', '=', terms.fromSlot)
        .executeTakeFirst()
    expect(await opened()).toBeUndefined()
    await community.store.db.insertInto('delegation_epoch_key').values(row).execute()
    await community.caughtUp()
    expect(await opened()).toEqual({ fault: null })
  })
})
