import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openStore, type Store } from '../../actors/storage/store.ts'
import { delegationTally } from '../../bin/host/delegation-tally.ts'
import { SILENT_RECEIPT } from '../../protocols/crypto/acknowledgement.ts'
import { encodeScalar, keyPair, type KeyPair } from '../../protocols/crypto/group.ts'
import { createSealer } from '../../protocols/crypto/sealer.ts'
import { splitPayload } from '../../protocols/messages/record.ts'
import { essential, extended } from '../crypto/community.ts'

const place = { chainId: 31_337, monitoring: `0x${'11'.repeat(20)}` }
const HOME = `0x${'aa'.repeat(20)}`
const DELEGATION = 7
const EPOCH = 2
const own = keyPair(123_456_789n)
const delegatee = keyPair(987_654_321n)

let folder = ''
let store: Store
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'meterhood-own-key-'))
  store = await openStore({ file: join(folder, 'gateway.sqlite') })
  await store.transaction(async (trx) => {
    const secret = { owner: HOME, purpose: 'operation-key', epoch: EPOCH, value: encodeScalar(own.secret) }
    await trx.insertInto('secret').values(secret).execute()
  })
})
afterEach(async () => {
  await store.close()
  await rm(folder, { recursive: true, force: true })
})

/** Says whose key the delegation has. */
async function keyed(to: KeyPair): Promise<void> {
  const row = { delegation: DELEGATION, epoch: EPOCH, key: to.bytes, from_slot: 1, block: 1 }
  await store.transaction((trx) => trx.insertInto('delegation_epoch_key').values(row).execute())
}

/** Seals a slot as the home does while it is delegated. */
async function sealed(slot: number, to: KeyPair): Promise<void> {
  const binding = { ...place, sender: HOME, epoch: EPOCH, slot, delegation: DELEGATION }
  const made = createSealer().seal({ recipient: to.bytes, binding, essential, extended })
  const { envelope, points } = splitPayload(made.payload)
  const row = {
    ...{ slot, sequence: slot, epoch: EPOCH, delegation: DELEGATION, recipient: to.id, envelope, points },
    ...{ extended_wire: null, extended_digest: made.extendedDigest, state: 'sealed' as const },
    ...{ intent: null, sealed_at_ms: 1, block: null, tx_hash: null },
  }
  await store.transaction((trx) => trx.insertInto('sealed').values(row).execute())
}

describe('What a home’s own keys open of what it handed over', () => {
  it('is nothing when it was sealed to the delegatee', async () => {
    await keyed(delegatee)
    for (const slot of [1, 2, 3]) await sealed(slot, delegatee)
    expect((await delegationTally(store, HOME, place)).openedBack).toEqual([])
  })

  it('is told slot by slot when the key of the delegation is its own', async () => {
    await keyed(own)
    for (const slot of [1, 2]) await sealed(slot, own)
    expect((await delegationTally(store, HOME, place)).openedBack).toEqual([
      { delegation: DELEGATION, slot: 1 },
      { delegation: DELEGATION, slot: 2 },
    ])
  })
})

describe('What a delegatee counts as opened', () => {
  it('leaves out slots in which nothing came, and what it could not open', async () => {
    const row = (slot: number, receipt: Uint8Array, fault: string | null) => ({
      ...{ delegation: DELEGATION, home: HOME, slot, epoch: EPOCH, fault, t: 1, import_wh: 0, export_wh: 0 },
      ...{ water_ml: 0, mean_power_w: 0, peak_power_w: 0, receipt, acknowledged: 1 },
      ...{ opened_at_ms: 1, block: 1 },
    })
    const receipt = new Uint8Array(32).fill(9)
    const rows = [row(1, receipt, null), row(2, SILENT_RECEIPT, null), row(3, receipt, 'bad-tag')]
    await store.transaction((trx) => trx.insertInto('cared_reading').values(rows).execute())
    expect((await delegationTally(store, HOME, null)).cared).toEqual([{ delegation: DELEGATION, slot: 1 }])
  })
})
