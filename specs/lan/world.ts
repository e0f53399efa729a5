import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { Fault } from '../../protocols/rules/fault.ts'
import { until, type Box } from './box.ts'
import { boxOn, layChain, openLan, startChain, startGateways } from './community.ts'
import { watchFinals, type Finals } from './finals.ts'
import type { Lan } from './network.ts'

/** A community on a LAN, and what watches it. */
export interface World {
  readonly lan: Lan
  readonly folder: string
  readonly boxes: readonly Box[]
  readonly community: Box
  readonly homes: readonly Box[]
  readonly finals: Finals
  readonly box: (name: string) => Box
  close(): Promise<void>
}

/** A member that only follows, until it seals with a stolen key. */
export const TRAITOR = 'home-05'

/** The computers of the LAN; the stranger's is not of the community. */
const STRANGER = 'stranger'

/** A LAN of computers of which some seal; the community gateway's is the first. */
export async function openWorld(homes: readonly string[], followers: readonly string[]): Promise<World> {
  const { folder, lan, remove } = await openLan(['community', ...homes, STRANGER])
  const hosts = lan.hosts.filter(({ name }) => name !== STRANGER)
  for (const { name } of hosts) mkdirSync(join(folder, name), { mode: 0o700 })
  const boxes = hosts.map((host) => boxOn(folder, host))
  const [community, ...rest] = boxes
  if (community === undefined) throw new Fault('impossible', 'a LAN without a computer')
  const finals = watchFinals(boxes)
  const close = async (): Promise<void> => {
    finals.stop()
    await Promise.all(boxes.map((box) => box.stop()))
    await remove()
  }
  try {
    await layChain(boxes, ({ name }) => !followers.includes(name))
    await startChain(boxes)
    await startGateways(folder, community, rest)
  } catch (thrown) {
    await close()
    throw thrown
  }
  const box = (name: string): Box => {
    const found = boxes.find((each) => each.name === name)
    if (found === undefined) throw new Fault('impossible', `no computer ${name}`)
    return found
  }
  return { lan, folder, boxes, community, homes: rest, finals, box, close }
}

/** Three signers and a follower, as the paper has it. */
export const threeSigners = (): Promise<World> => openWorld(['home-01', 'home-02', 'home-03'], ['home-03'])

/** Five signers, the recommended deployment, and a follower that is no honest one. */
export const fiveSigners = (): Promise<World> =>
  openWorld(['home-01', 'home-02', 'home-03', 'home-04', TRAITOR], [TRAITOR])

/** The computer that belongs to nobody of the community; who asks for it stops it. */
export function strangersBox({ lan, folder }: World): Box {
  const host = lan.hosts.find(({ name }) => name === STRANGER)
  if (host === undefined) throw new Fault('impossible', 'a LAN without a stranger')
  return boxOn(folder, host)
}

/** Waits until a node has what another has, or more; says how long that took, ms. */
export function untilCaughtUp(late: Box, other: Box, limitMs: number): Promise<number> {
  return until(
    `the node of ${late.name} has the chain of ${other.name}`,
    async () => {
      const ahead = await other.head()
      const own = await late.head()
      if (own.number < ahead.number - 1) return false
      const common = await late.blockAt(ahead.number - 1)
      return common?.hash === (await other.blockAt(ahead.number - 1))?.hash
    },
    limitMs,
  )
}

/** How many blocks a node got meanwhile. */
export async function growth(box: Box, work: () => Promise<unknown>): Promise<number> {
  const before = (await box.head()).number
  await work()
  return (await box.head()).number - before
}
