import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { getBytes } from 'ethers'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { draftAlarm } from '../../actors/alarm-draft.ts'
import { createAlarmSender, type AlarmRecipient, type SealedAlarm } from '../../actors/alarm-sender.ts'
import { failIntent, insertIntent } from '../../actors/contract-proxy/outbox-rows.ts'
import { openStore, type Store } from '../../actors/storage/store.ts'
import { keyPair } from '../../protocols/crypto/group.ts'

const COMMUNITY = `0x${'c0'.repeat(20)}`
const MONITORING = `0x${'ab'.repeat(20)}`
const NEAR = `0x${'11'.repeat(20)}`
const FAR = `0x${'22'.repeat(20)}`

const keyOfEpoch = (epoch: number): AlarmRecipient => ({
  epoch,
  key: keyPair(BigInt(1_000 + epoch)).bytes,
  delegation: 0,
})

let folder = ''
let store: Store
let sent: { first: number; alarms: readonly SealedAlarm[] }[] = []
let recipients = new Map<string, AlarmRecipient>()
let next = 1
const faults: unknown[] = []

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'meterhood-alarms-'))
  store = await openStore({ file: join(folder, 'gateway.sqlite') })
  sent = []
  recipients = new Map()
  next = 1
})
afterEach(async () => {
  await store.close()
  await rm(folder, { recursive: true, force: true })
  expect(faults).toEqual([])
})

function sender() {
  let position = 0
  return createAlarmSender({
    store,
    outbox: {
      enqueue: (trx, call) =>
        insertIntent(trx, COMMUNITY, (position += 1), { ...call, data: getBytes(call.data) }, 0),
    },
    chainId: 1337,
    monitoring: MONITORING,
    sender: COMMUNITY,
    batch: 16,
    recipientOf: async (home) => recipients.get(home) ?? null,
    nextNumber: async () => next,
    encode: (first, alarms) => {
      sent.push({ first, alarms })
      return '0x'
    },
    onFault: (thrown) => faults.push(thrown),
  })
}

const raise = (home: string, slot: number): Promise<boolean> =>
  store.transaction((trx) =>
    draftAlarm(
      trx,
      home,
      { code: 'silence', severity: 'warning', resource: 'none', slot, value: 0, limit: 0, text: '' },
      0,
    ),
  )

const calls = async (): Promise<string[]> =>
  (await store.db.selectFrom('intent').select(['state']).orderBy('position').execute()).map(
    ({ state }) => state,
  )

async function refuse(): Promise<void> {
  const { id } = await store.db
    .selectFrom('intent')
    .select('id')
    .where('state', '=', 'queued')
    .executeTakeFirstOrThrow()
  await store.transaction((trx) => failIntent(trx, id, 'WrongRecipient', 0))
}

describe('Alarms on their way to their readers', () => {
  it('travel in one call at a time, those whose reader has no key yet later', async () => {
    const alarms = sender()
    recipients.set(NEAR, keyOfEpoch(1))
    await raise(NEAR, 10)
    await raise(FAR, 10)
    alarms.wake()
    await alarms.idle()
    expect(sent.map(({ alarms: each }) => each.map(({ home }) => home))).toEqual([[NEAR]])
    await raise(NEAR, 11)
    alarms.wake()
    await alarms.idle()
    expect(await calls()).toEqual(['queued'])
  })

  it('are sealed again to the newest key when the contract refuses the one before', async () => {
    const alarms = sender()
    recipients.set(NEAR, keyOfEpoch(1))
    await raise(NEAR, 10)
    alarms.wake()
    await alarms.idle()
    await refuse()
    await alarms.refused()
    // The block that holds the newer key has not been read yet: nothing is sealed to the old one in haste.
    expect(await calls()).toEqual(['failed'])
    recipients.set(NEAR, keyOfEpoch(2))
    alarms.wake()
    await alarms.idle()
    expect(await calls()).toEqual(['failed', 'queued'])
    const [first, second] = sent.map(({ alarms: [alarm] }) => alarm?.recipient)
    expect(second).toBeDefined()
    expect(second).not.toBe(first)
  })

  it('are tried again under the same number as often as they are refused', async () => {
    const alarms = sender()
    recipients.set(NEAR, keyOfEpoch(1))
    await raise(NEAR, 10)
    for (let tries = 1; tries <= 3; tries += 1) {
      alarms.wake()
      await alarms.idle()
      expect(sent).toHaveLength(tries)
      expect(await calls()).toEqual([...Array<string>(tries - 1).fill('failed'), 'queued'])
      await refuse()
      await alarms.refused()
    }
  })
})
