import { cpSync, rmSync } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { networkSchema, nodeCardSchema } from '../../chain/network/geth/community-network.ts'
import { z } from 'zod'
import { until, type Box } from './box.ts'
import { untilOperating } from './community.ts'
import { countReadings } from './count.ts'
import { require, type Outcome, type Trial } from './outcome.ts'
import { growth, TRAITOR, untilCaughtUp, type World } from './world.ts'

const SPLIT_MS = 20_000
const FINAL_LIMIT_MS = 180_000
const HEALED_LIMIT_MS = 60_000
const ALARM_LIMIT_MS = 120_000
/** Six computers on one machine. */
const MEET_LIMIT_MS = 200_000
/** With five signers three may go on: each side of this split has three keys. */
const VICTIM = 'home-01'
const ONE_SIDE = ['community', VICTIM, 'home-02']

const notedAlarm = z.looseObject({ code: z.string(), signer: z.string().optional() })

/** Whether a gateway of these noted an alarm of this name, about this signer where it is given. */
const toldBy = (boxes: readonly Box[], code: string, signer?: string): boolean =>
  boxes.some((box) =>
    box
      .noted()
      .filter((line) => line.includes(`"code":"${code}"`))
      .some((line) => signer === undefined || notedAlarm.parse(JSON.parse(line)).signer === signer),
  )

/** The page says that nothing becomes final, and for whom it waits. */
const isWaiting = async (box: Box): Promise<boolean> =>
  (await box.view()).chain.notice?.startsWith('Confirmed, waiting for signer') === true

async function edit(file: string, change: (text: string) => string): Promise<void> {
  await writeFile(file, change(await readFile(file, 'utf8')))
}

/** A member's own node begins to seal with the key of another: so does whoever broke into both. */
async function stealKey(thief: Box, victim: Box): Promise<void> {
  const { signer } = victim
  for (const part of ['keystore', 'password']) {
    cpSync(join(victim.chainFolder, part), join(thief.chainFolder, part), { recursive: true })
  }
  await edit(join(thief.chainFolder, 'node.json'), (text) =>
    JSON.stringify({ ...nodeCardSchema.parse(JSON.parse(text)), signer }),
  )
  await edit(join(thief.chainFolder, 'network.json'), (text) => {
    const network = networkSchema.parse(JSON.parse(text))
    const members = network.members.map((card) => {
      if (card.name === thief.name) return { ...card, signer }
      return card.signer === signer ? { ...card, signer: null } : card
    })
    return JSON.stringify({ ...network, members })
  })
}

/** Starts a computer anew with what was changed on its disk. */
async function startAnew(box: Box): Promise<void> {
  await Promise.all([box.killNode(), box.killGateway()])
  rmSync(join(box.chainFolder, 'geth.ipc'), { force: true })
  await box.startNode()
  box.startGateway()
}

const finalOf = async (box: Box): Promise<number> => (await box.view()).chain.final ?? 0

async function untilFinal(box: Box, number: number): Promise<void> {
  await until(`block ${number} is final`, async () => (await finalOf(box)) >= number, FINAL_LIMIT_MS)
}

async function meet({ homes, community }: World): Promise<Outcome> {
  const tookMs = await untilOperating(homes, MEET_LIMIT_MS)
  await untilFinal(community, (await community.head()).number)
  return { result: 'five signers vote, blocks become final', tookMs }
}

/** Both halves go on sealing; neither may call anything final. */
async function split({ lan, boxes, box, community }: World): Promise<Outcome> {
  const thief = box(TRAITOR)
  await stealKey(thief, box(VICTIM))
  await startAnew(thief)
  await untilCaughtUp(thief, community, HEALED_LIMIT_MS)
  const here = ONE_SIDE.map(box)
  const there = boxes.filter((each) => !here.includes(each))
  await lan.cutOff(here.map(({ host }) => host))
  const [other = thief] = there
  let grown = [0, 0]
  const grownHere = await growth(community, async () => {
    grown = [0, await growth(other, () => sleep(SPLIT_MS))]
  })
  grown[0] = grownHere
  // The split lasts until both sides say what they lack.
  for (const each of [community, box('home-03')]) {
    await until(`${each.name} says for whom it waits`, () => isWaiting(each), ALARM_LIMIT_MS)
  }
  const forks = (await community.head()).hash !== (await other.head()).hash
  await lan.heal()
  const tookMs = await untilCaughtUp(other, community, HEALED_LIMIT_MS)
  require(forks, 'the halves did not fork: nothing was tried')
  return { result: `${grown.join(' and ')} blocks in two halves, then one chain`, tookMs }
}

async function alarmed({ boxes, box, community }: World): Promise<Outcome> {
  const { signer } = box(VICTIM)
  const isNamed = () => ['signer-equivocates', 'signer-cloned'].some((code) => toldBy(boxes, code, signer))
  const tookMs = await until('a gateway names the signer whose key runs twice', isNamed, ALARM_LIMIT_MS)
  const warns = async () => {
    const { warnings = [] } = await community.view()
    return warnings.some((text) => text.includes(signer) && text.includes('chain vote drop'))
  }
  await until('the manager reads whose key it is and what to do', warns, ALARM_LIMIT_MS)
  const codes = ['signer-cloned', 'signer-equivocates', 'signer-locked', 'chain-stalled', 'chain-astray']
  return { result: `told: ${codes.filter((code) => toldBy(boxes, code)).join(', ')}`, tookMs }
}

/**
 * Votes for the branch that lost bind honest signers: nothing more may become final until people
 * have dealt with the stolen key. Nothing that was final is undone, and what homes sealed is kept.
 */
async function afterwards({ boxes, community, homes, finals }: World): Promise<Outcome> {
  const began = performance.now()
  await finals.requireKept(boxes)
  const { sealed, lost, duplicates, missing } = await countReadings(community, homes)
  require(lost === 0, `${lost} of ${sealed} readings lost: ${missing.slice(0, 4).join(', ')}`)
  require(duplicates === 0, `${duplicates} of ${sealed} readings are on the chain twice`)
  const result = `${finals.count()} final blocks, none undone; ${sealed} readings, ${duplicates} double`
  return { result, tookMs: performance.now() - began }
}

/** The matrix of five signers. */
export const FIVE_SIGNERS: readonly Trial[] = [
  { fault: 'five signers', run: meet },
  { fault: 'clone of a signer, split 3|3, heal', run: split },
  { fault: 'clone: the alarms', run: alarmed },
  { fault: 'clone: what was final', run: afterwards },
]
