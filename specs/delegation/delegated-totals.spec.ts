import { concatBytes } from '@noble/hashes/utils.js'
import { Interface } from 'ethers'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { closePeriod } from '../../actors/community-gateway/period-close.ts'
import { monitoringAbi } from '../../chain/bindings/monitoring.gen.ts'
import { decodePoint, decodeScalar, POINT_BYTES, type Point } from '../../protocols/crypto/group.ts'
import { checkOpening } from '../../protocols/crypto/opening.ts'
import { differenceOf } from '../../protocols/crypto/points.ts'
import { WatchedCommunity, type Sealed } from './watched-community.ts'

const SLOTS = 20
let community: WatchedCommunity

beforeAll(async () => {
  community = await WatchedCommunity.open(SLOTS)
}, 60_000)

afterAll(async () => {
  expect(community.faults).toEqual([])
  await community.close()
})

const waterPoint = ({ record }: Sealed): Point =>
  decodePoint(record.payload.slice(113 + 2 * POINT_BYTES, 113 + 3 * POINT_BYTES), 'points')

/** What the gateway would publish of a period. */
function closed(period: number) {
  return closePeriod(period, {
    store: community.store,
    outbox: community.outbox,
    abi: new Interface(monitoringAbi),
    monitoring: community.lab.contracts.monitoring,
    leastHomes: 1,
    onRefused: (_, refusal) => {
      throw new Error(JSON.stringify(refusal))
    },
  })
}

describe('a billing period that was delegated at one of its ends', () => {
  it('counts in the community total, and opens the points of both readings', async () => {
    const period = Math.floor((await community.lab.currentSlot()) / SLOTS) + 1
    const first = period * SLOTS
    const { operation } = await community.keyring.keysOf(0)
    const direct = { delegation: 0, key: operation.bytes }
    const { terms, pair } = await community.delegate({ fromSlot: first + 5, untilSlot: first + 35 })
    const delegated = { delegation: terms.id, key: pair.bytes }
    const [start, end, next] = [
      community.seal(first + 1, direct, 1_000),
      community.seal(first + 15, delegated, 1_234),
      community.seal(first + SLOTS, delegated, 1_300),
    ]
    for (const sealed of [start, end, next]) await community.submit(sealed)
    await community.caughtUp()
    await closed(period)
    const total = await community.store.db
      .selectFrom('total')
      .selectAll()
      .where('period', '=', period)
      .executeTakeFirstOrThrow()
    expect(total).toMatchObject({ import_wh: 234, export_wh: 0, water_ml: 2_340 })
    const used = differenceOf(waterPoint(end), waterPoint(start))
    const blinding = decodeScalar(concatBytes(total.blindings).slice(64, 96), 'blinding')
    expect(checkOpening(used, { quantity: 'waterMl', value: 2_340n, blinding })).toBe(true)
  })
})

describe('when an epoch ends', () => {
  it('its delegated readings open as long as its chain key is kept, and nothing after', async () => {
    const { keyring, opening } = community
    const keys = await community.store.db.selectFrom('delegation_epoch_key').selectAll().execute()
    const [known] = keys
    if (known === undefined) throw new Error('nothing is delegated')
    await keyring.advance(0)
    await opening.useKept()
    expect((await opening.keyOf(known))?.bytes).toEqual(known.key)
    await keyring.forget(0)
    await opening.useKept()
    expect(await opening.keyOf(known)).toBeNull()
  })
})
