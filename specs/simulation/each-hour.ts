import type { Gateway } from './gateways/gateway.ts'
import type { HomeGateway } from './gateways/home.ts'
import type { World } from './world.ts'

const HOUR_MS = 3_600_000
/** From the end of an auction to the end of the trade of who has not won it. */
const THROUGH_MS = HOUR_MS
const JUST_DISTURBED_MS = 2 * THROUGH_MS
const IN_BLOCK_MS = HOUR_MS / 3
/** Sixteen calls are handed over one after another, each in 400 ms at most. */
const HANDING_OVER_MS = 7_000

/** What must hold whenever nothing is under way: looked at every hour. */
export function checkHour(world: World): void {
  for (const home of world.homes) {
    checkCounts(world, home)
    checkLost(world, home)
  }
  for (const gateway of world.gateways()) {
    checkWaiting(world, gateway)
    world.watch.outboxes.hour(gateway)
  }
  const { community, watch } = world
  const left = community.alarms.left()
  watch.check('alarms that wait follow the call before', community.life.dead || left === 0, () => {
    return `${left} alarms wait for no call`
  })
}

/** A home's machine counts what its disk holds and the chain does not. */
function checkCounts({ watch }: World, home: HomeGateway): void {
  const snapshot = home.state()?.snapshot()
  if (home.life.dead || snapshot === undefined || home.store.inbox.size > 0) return
  if (!snapshot.matches({ operating: { metering: 'listening' } })) return
  const waiting = home.slots.size - home.included.size
  watch.check('a home counts what waits', snapshot.context.waiting === waiting, () => {
    return `${home.name}: ${snapshot.context.waiting} of ${waiting}`
  })
}

/** What no block holds is offered again until one does. */
function checkWaiting({ watch, time, faults }: World, gateway: Gateway): void {
  const nowMs = time.nowMs()
  if (faults.wasDisturbed(gateway, nowMs - IN_BLOCK_MS)) return
  for (const nonce of gateway.store.active.keys()) {
    const call = gateway.store.calls.get(nonce)
    if (call === undefined || call.context.block !== null) continue
    const soon = nowMs - call.row.created_at_ms <= IN_BLOCK_MS
    watch.check('a call that waits comes into a block', soon, () => `${gateway.name}: nonce ${nonce}`)
  }
}

/** Who has not won waits for no delivery. */
function checkLost({ watch, time, faults }: World, home: HomeGateway): void {
  const nowMs = time.nowMs()
  if (faults.wasDisturbed(home, nowMs - JUST_DISTURBED_MS)) return
  for (const { subject, stage, auction } of home.market.openTrades()) {
    const known = home.market.book.known.get(auction ?? '')?.auction
    if (stage !== 'payment' || known === undefined || known.decided_at_ms === null) continue
    const isParty = known.winner === home.account || known.buyer === home.account
    if (isParty && known.state !== 'failed') continue
    const soon = nowMs - known.decided_at_ms <= THROUGH_MS
    watch.check('who has not won is through soon', soon, () => `${home.name}: ${subject} is not over`)
  }
}

/**
 * After a fork no gateway that has seen it counts on a block that is gone; one that is handing calls over is
 * looked at when it must be through with them.
 */
export function checkFork(world: World): void {
  for (const gateway of world.gateways()) {
    if (!world.faults.isHandingOver(gateway)) checkCalls(world, gateway)
    else world.time.after(HANDING_OVER_MS, () => checkCalls(world, gateway))
  }
}

function checkCalls({ watch, chain }: World, { name, life, feed, store }: Gateway): void {
  if (life.dead || feed.head()?.hash !== chain.head.header.hash) return
  for (const nonce of store.active.keys()) {
    const { block, blockHash } = store.calls.get(nonce)?.context ?? { block: null, blockHash: null }
    if (block === null) continue
    const stands = chain.blockAt(block)?.header.hash === blockHash
    watch.check(
      'a call counts on blocks that stand',
      stands,
      () => `${name}: nonce ${nonce} in block ${block}`,
    )
  }
}
