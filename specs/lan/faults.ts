import { setTimeout as sleep } from 'node:timers/promises'
import { Fault } from '../../protocols/rules/fault.ts'
import { until, type Box } from './box.ts'
import { showSigners } from './commands.ts'
import { untilOperating } from './community.ts'
import { countReadings } from './count.ts'
import { require, type Outcome, type Trial } from './outcome.ts'
import { REPLAYED, REVOKED, STRANGER_COMES } from './outsiders.ts'
import { buy, marketOf, sellByRule, type Wish } from './trade.ts'
import { growth, untilCaughtUp, type World } from './world.ts'

const AWARD_LIMIT_MS = 90_000
/** A billing period, until the quotas of the next are allocated. */
const ALLOTTED_LIMIT_MS = 150_000
const BACK_LIMIT_MS = 120_000
const STALL_LOOK_MS = 8_000
const SECOND_MS = 1_000
/** So much of an account’s beginning do the pages show. */
const SHOWN_OF_ACCOUNT = 8
/** A signer may seal once in two blocks: alone it seals one. */
const ALONE_MOST = 1
const CATCH_UP_AIM_MS = 10_000
/** Whoever was cut off for so long is missed by everybody. */
const MISSED_MS = 60_000

const seconds = (ms: number): string => `${(ms / SECOND_MS).toFixed(1)} s`

/** The home's people read that its chain does not answer, whoever else is away. */
async function saysChainIsAway(box: Box): Promise<boolean> {
  const { state } = await box.view()
  return state?.away.includes('chain') === true && /chain .*(does not answer|answers)/i.test(state.text)
}

/** The page says who must vote before anything is final, by the beginning of each account. */
async function namesMissing(box: Box, missing: readonly Box[]): Promise<boolean> {
  const { notice } = (await box.view()).chain
  const named = missing.every(({ signer }) => notice?.includes(signer.slice(0, SHOWN_OF_ACCOUNT)) === true)
  return named && notice?.startsWith('Confirmed, waiting for signer') === true
}

/** The manager's page shows a home as not there. */
async function showsAway(community: Box, name: string): Promise<boolean> {
  return (await community.view()).members?.find((member) => member.name === name)?.online === false
}

/** How often the manager's page shows an alarm that a home was silent. */
async function silences(community: Box, name: string): Promise<number> {
  const { alarmsSent = [] } = await community.view()
  return alarmsSent.filter(({ code, homeName }) => code === 'silence' && homeName === name).length
}

/** The manager's page warns of a stalled chain, and says whom it does not hear of and what to do. */
async function warnsOfStall(community: Box, missing: readonly Box[]): Promise<boolean> {
  const { warnings = [] } = await community.view()
  return warnings.some(
    (text) =>
      text.startsWith('no block came for five periods') &&
      missing.every(({ signer }) => text.includes(signer)),
  )
}

async function meet({ homes }: World): Promise<Outcome> {
  const tookMs = await untilOperating(homes)
  return { result: `${homes.length} homes found the community by mDNS and joined`, tookMs }
}

/** A wish that the home's page takes: quotas are there, and its auction would be over within the period. */
async function wishOf(home: Box): Promise<Wish> {
  const taken: { wish: Wish | null } = { wish: null }
  const ask = async (): Promise<boolean> => {
    taken.wish = await buy(home)
    return true
  }
  await until(`${home.name} may buy`, ask, ALLOTTED_LIMIT_MS)
  if (taken.wish === null) throw new Fault('impossible', 'a wish that was taken is not there')
  return taken.wish
}

async function trade({ box }: World): Promise<Outcome> {
  for (const name of ['home-02', 'home-03']) {
    await until(
      `${name} has a market`,
      async () => (await marketOf(box(name))).state.phase === 'open',
      BACK_LIMIT_MS,
    )
    await sellByRule(box(name))
  }
  const wish = await wishOf(box('home-01'))
  return { result: 'a wish found its seller', tookMs: await wish.awarded(AWARD_LIMIT_MS) }
}

async function oneSigner({ box, community }: World): Promise<Outcome> {
  const gone = box('home-02')
  await gone.killNode()
  const grown = await growth(community, () => sleep(STALL_LOOK_MS))
  require(grown >= 3, `with two of three signers ${grown} blocks came in ${seconds(STALL_LOOK_MS)}`)
  await until('its home says that the chain is away', () => saysChainIsAway(gone), BACK_LIMIT_MS)
  const isNamed = async () => / home-02: .*MISSING/.test(await community.run(showSigners(community.folder)))
  await until('"chain signers" names it', isNamed, BACK_LIMIT_MS)
  const began = performance.now()
  await gone.startNode()
  await untilCaughtUp(gone, community, BACK_LIMIT_MS)
  const tookMs = performance.now() - began
  await untilOperating([gone])
  return { result: `${grown} blocks came without it; started again, it caught up`, tookMs }
}

async function twoSigners({ box, community }: World): Promise<Outcome> {
  const gone = [box('home-01'), box('home-02')]
  const wish = await wishOf(box('home-03'))
  await Promise.all(gone.map((each) => each.killNode()))
  // A block may be under way.
  await sleep(2 * SECOND_MS)
  const grown = await growth(community, () => sleep(STALL_LOOK_MS))
  require(grown === 0, `one of three signers made ${grown} blocks`)
  const chainOf = async () => (await box('home-03').view()).chain
  const isStalled = async () => (await chainOf()).state === 'stalled'
  await until('the page says that the chain is stalled', isStalled, BACK_LIMIT_MS)
  await until('the page says that a call waits', async () => (await chainOf()).pending > 0, BACK_LIMIT_MS)
  await until('the page names both signers', () => namesMissing(box('home-03'), gone), BACK_LIMIT_MS)
  await until('the manager is warned of both', () => warnsOfStall(community, gone), BACK_LIMIT_MS)
  require((await wish.state())?.phase !== 'paid', 'a trade was paid without a chain')
  await Promise.all(gone.map((each) => each.startNode()))
  const tookMs = await wish.awarded(AWARD_LIMIT_MS)
  return { result: 'the chain halted, both named, a wish waited; then it found its seller', tookMs }
}

async function oneGateway({ box, community }: World): Promise<Outcome> {
  const home = box('home-01')
  const before = await silences(community, home.name)
  await home.killGateway()
  await until('the manager sees it away', () => showsAway(community, home.name), BACK_LIMIT_MS)
  const isTold = async () => (await silences(community, home.name)) > before
  await until('an alarm says that it is silent', isTold, BACK_LIMIT_MS)
  home.startGateway()
  return { result: 'it went on where it was', tookMs: await untilOperating([home], BACK_LIMIT_MS) }
}

/** Cuts a signer's computer off for some time, and heals. */
const cutFor =
  (cutMs: number) =>
  async (world: World): Promise<Outcome> => {
    const { lan, box, community } = world
    const alone = box('home-02')
    const others = [community, box('home-01')]
    await lan.cutOff([alone.host])
    let grownAlone = 0
    const grown = await growth(community, async () => {
      grownAlone = await growth(alone, () => sleep(cutMs))
    })
    require(grown >= cutMs / SECOND_MS / 3, `two of three signers made ${grown} blocks`)
    require(grownAlone <= ALONE_MOST + 1, `one of three signers made ${grownAlone} blocks alone`)
    await until('the home that is cut off says so', () => saysChainIsAway(alone), BACK_LIMIT_MS)
    await until('it names the signers it lacks', () => namesMissing(alone, others), BACK_LIMIT_MS)
    // A line that fell silent is given up after two pings.
    if (cutMs > MISSED_MS) {
      await until('the manager sees it away', () => showsAway(community, alone.name), BACK_LIMIT_MS)
    }
    await lan.heal()
    const tookMs = await untilCaughtUp(alone, community, BACK_LIMIT_MS)
    await untilOperating([alone], BACK_LIMIT_MS)
    // How long a node waits before it dials again is TCP's and Geth's to say: told here, judged by nobody.
    const late = tookMs > CATCH_UP_AIM_MS ? `, later than the ${seconds(CATCH_UP_AIM_MS)} aimed at` : ''
    return { result: `${grown} blocks against ${grownAlone}; one chain again${late}`, tookMs }
  }

async function allAtOnce({ boxes, community, homes }: World): Promise<Outcome> {
  const before = await community.head()
  await Promise.all(boxes.flatMap((box) => [box.killNode(), box.killGateway()]))
  for (const { name, printed } of boxes.map((box) => ({ name: box.name, printed: box.printed() }))) {
    require(/geth ended by itself/.test(printed), `nothing says that the node of ${name} ended`)
  }
  await Promise.all(boxes.map((box) => box.startNode()))
  for (const box of boxes) box.startGateway()
  const tookMs = await untilOperating(homes)
  const same = (await community.blockAt(before.number))?.hash === before.hash
  require(same, `block ${before.number} was undone`)
  return { result: `all operate again, block ${before.number} still stands`, tookMs }
}

/** Nothing that was shown as final was undone, and no reading is lost or counted twice. */
async function count({ boxes, community, homes, finals }: World): Promise<Outcome> {
  const began = performance.now()
  await finals.requireKept(boxes)
  const { sealed, lost, duplicates, missing } = await countReadings(community, homes)
  require(sealed > 0, 'no home sealed a reading')
  require(lost === 0, `${lost} of ${sealed} readings lost: ${missing.slice(0, 4).join(', ')}`)
  require(duplicates === 0, `${duplicates} of ${sealed} readings are on the chain twice`)
  const readings = `${sealed} readings, ${lost} lost, ${duplicates} double`
  const words = `${readings}; ${finals.count()} final blocks, none undone`
  return { result: words, tookMs: performance.now() - began }
}

/** The matrix of three signers, in the order in which it is run. */
export const THREE_SIGNERS: readonly Trial[] = [
  { fault: 'no address is configured', run: meet },
  { fault: 'kill -9 of one signer', run: oneSigner },
  { fault: 'kill -9 of one gateway', run: oneGateway },
  { fault: 'split 2|1 for 20 s, heal', run: cutFor(20 * SECOND_MS) },
  { fault: 'split 2|1 for 45 s, heal', run: cutFor(45 * SECOND_MS) },
  { fault: 'none: a trade', run: trade },
  { fault: 'kill -9 of two signers', run: twoSigners },
  { fault: 'kill -9 of all at once', run: allAtOnce },
  { fault: 'split 2|1 for 90 s, heal', run: cutFor(90 * SECOND_MS) },
  STRANGER_COMES,
  REPLAYED,
  REVOKED,
  { fault: 'all of the above', run: count },
]

/** What every change must withstand: the rows that matter most, without the long ones. */
export const IN_SHORT: readonly Trial[] = [
  { fault: 'no address is configured', run: meet },
  { fault: 'kill -9 of one signer', run: oneSigner },
  { fault: 'kill -9 of one gateway', run: oneGateway },
  { fault: 'split 2|1 for 20 s, heal', run: cutFor(20 * SECOND_MS) },
  STRANGER_COMES,
]
