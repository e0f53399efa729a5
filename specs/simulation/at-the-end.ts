import type { World } from './world.ts'
import type { HomeGateway } from './gateways/home.ts'

const ENDED = new Set(['final', 'failed'])

/** When nothing is wrong any more, everything comes to its end, and everybody knows the same (I4, I5). */
export function checkEnd(world: World): void {
  for (const gateway of world.gateways()) {
    const open = [...gateway.store.intents.values()].filter(({ state }) => !ENDED.has(state))
    world.watch.check('I4 every intent comes to its end', open.length === 0, () => {
      return `${gateway.name}: ${open
        .map(({ id, state }) => `${id} ${state}`)
        .join(', ')
        .slice(0, 300)}`
    })
    const head = gateway.feed.head()?.hash
    world.watch.check('I5 every gateway is at the head', head === world.chain.head.header.hash, () => {
      return `${gateway.name} is at block ${gateway.feed.head()?.number} of ${world.chain.head.header.number}`
    })
  }
  for (const home of world.homes) checkHome(world, home)
  checkMarket(world)
  checkCommunity(world)
}

function checkHome(world: World, home: HomeGateway): void {
  const { watch, community } = world
  const snapshot = home.state()?.snapshot()
  const settled = snapshot?.matches({ operating: { reporting: 'settled' } }) === true
  watch.check('I4 a home has nothing left to report', settled && snapshot.context.waiting === 0, () => {
    return `${home.name}: ${JSON.stringify(snapshot?.value)} with ${snapshot?.context.waiting} waiting`
  })
  const sealed = [...home.slots.values()]
  const lost = sealed.filter(({ slot }) => !community.readings.has(`${home.account}:${slot}`))
  watch.check('I5 no reading is lost', lost.length === 0, () => {
    return `${home.name}: slots ${lost
      .slice(0, 5)
      .map(({ slot, state }) => `${slot} ${state}`)
      .join(', ')} of ${lost.length}`
  })
  const unknown = sealed.filter(({ slot }) => !home.included.has(slot))
  watch.check('I5 a home knows what the chain holds of it', unknown.length === 0, () => {
    return `${home.name}: ${unknown.length} slots`
  })
}

/** Every auction is decided and paid, everybody has back what was owed, and every home knows it. */
function checkMarket({ watch, chain, homes, options }: World): void {
  const { trading } = chain.contracts
  let settled = 0
  for (const [id, auction] of trading.auctions()) {
    if (auction.state === 'settled') settled += 1
    const over = auction.state === 'settled' || auction.state === 'failed'
    watch.check('I4 every auction comes to its end', over, () => `${id} is ${auction.state}`)
    watch.check(
      'I4 every buyer has back what is due',
      auction.buyerRefunded,
      () => `${id} of ${auction.buyer}`,
    )
  }
  for (const [bid, { state }] of trading.bids.entries()) {
    watch.check('I4 every bond comes back', state === 'refunded', () => `that of ${bid}`)
  }
  for (const { name, market } of homes) {
    const open = market.openTrades()
    watch.check('I4 every trade comes to its end', open.length === 0, () => {
      return `${name}: ${open.map(({ subject, stage, role }) => `${role} ${stage} ${subject}`).join(', ')}`
    })
    for (const [id, { auction }] of market.book.known.entries()) {
      const state = trading.auction(id)?.state
      watch.check('I5 a home knows how its auctions ended', state === auction.state, () => {
        return `${name}: ${id} is ${auction.state}, on the chain ${state}`
      })
    }
  }
  const enough = options.days < 3 || options.homes < 8 || settled > options.days
  watch.check('neighbours trade', !options.trading || enough, () => `${settled} trades were settled`)
}

function checkCommunity(world: World): void {
  const { watch, community, chain, homes } = world
  const readings = chain.blocks.flatMap(({ facts }) => facts.filter(({ told }) => told.name === 'Reading'))
  watch.check(
    'I5 the community has read what the chain holds',
    readings.length === community.readings.size,
    () => {
      return `${community.readings.size} of ${readings.length}`
    },
  )
  const alarms = chain.blocks.flatMap(({ facts }) => facts.filter(({ told }) => told.name === 'Alarm'))
  watch.check('I4 every alarm is published once', alarms.length === community.alarms.drafts.size, () => {
    return `${alarms.length} of ${community.alarms.drafts.size}`
  })
  const opened = homes.reduce((sum, home) => sum + home.alarms.size, 0)
  watch.check('I5 every alarm is read by whom it is for', opened === alarms.length, () => {
    return `${opened} of ${alarms.length}`
  })
  const snapshot = community.state()?.snapshot()
  const quiet =
    snapshot?.matches({ operating: { alarms: 'quiet', collecting: 'waiting', membership: 'open' } }) === true
  watch.check('I4 the community has nothing left to do', quiet, () => JSON.stringify(snapshot?.value))
  checkTotals(world)
}

/** Each period's total is what its homes' records say, summed anew. */
function checkTotals({ watch, chain, homes, firstPeriod, options }: World): void {
  const published = new Map<
    number,
    { readonly homes: readonly string[]; readonly totals: readonly number[] }
  >()
  for (const { facts } of chain.blocks) {
    for (const { told } of facts) if (told.name === 'TotalPublished') published.set(told.period, told)
  }
  for (let period = firstPeriod; period < firstPeriod + options.days; period += 1) {
    const sums = [0, 0, 0]
    let counted = 0
    const said = published.get(period)
    // A home whose gateway was away that long is not in the total of its period (checkTotal).
    for (const account of said?.homes ?? homes.map((home) => home.account)) {
      const [start, end] = [period - 1, period].map((each) =>
        chain.contracts.monitoring.anchorOf(account, each),
      )
      if (start === undefined || end === undefined) continue
      counted += 1
      for (const place of [0, 1, 2]) {
        sums[place] = (sums[place] ?? 0) + (end.values[place] ?? 0) - (start.values[place] ?? 0)
      }
    }
    const right = said === undefined ? counted < 5 : said.totals.join() === sums.join()
    watch.check(
      'a total is what the records say',
      right,
      () => `period ${period}: ${said?.totals.join()} of ${sums.join()}`,
    )
  }
}
