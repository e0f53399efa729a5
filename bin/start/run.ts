import { setTimeout as sleep } from 'node:timers/promises'
import { archivesIn } from '../../chain/archive/places.ts'
import { wallClock } from '../clock.ts'
import type { CommunityTally, HomeTally } from '../host/configs.ts'
import { assembleReport } from './assemble.ts'
import { chainFolder } from './chain.ts'
import type { RunningCommunity, Tell } from './community.ts'
import { drain } from './drain.ts'
import type { StartOptions } from './options.ts'
import { unlessStopped } from './unless-stopped.ts'
import { FaultPlay } from './play-faults.ts'
import type { RunReport } from './report.ts'
import { countChain } from './scan-chain.ts'
import { countMarket } from './scan-market.ts'
import type { Supervised } from './supervised.ts'

const PROGRESS_MS = 10_000

const homeProcesses = (running: RunningCommunity): Supervised[] => [
  ...new Set(running.homes.map(({ process }) => process)),
]

async function report(
  options: StartOptions,
  running: RunningCommunity,
  processStartMs: number,
): Promise<RunReport> {
  const { chain, opened, gateway, homes } = running
  const tallies = (await Promise.all(
    homes.map(({ name, process }) => process.ask('tally', name)),
  )) as HomeTally[]
  const community = (await gateway.ask('tally')) as CommunityTally
  const { contracts, deployedAtBlock, genesisHash: origin } = opened
  const archives = archivesIn(chainFolder(options))
  const continuation = { origin, chainId: chain.chainId, community: opened.account, archives }
  const count = await countChain(chain.rpc, continuation, contracts.monitoring, deployedAtBlock)
  const market = await countMarket(chain.rpc, continuation, contracts, deployedAtBlock)
  const first = running.firstReadingMs()
  return assembleReport({
    boards: options.boards,
    homes: tallies,
    community,
    chain: count,
    network: chain,
    contracts: opened.contracts,
    sampleMs: options.sampleMs,
    market,
    firstDecryptedMs: first === null ? null : first - processStartMs,
    pages: running.pages,
  })
}

/** One line every ten seconds, so that a person sees that the community lives. */
function showProgress(running: RunningCommunity, tell: Tell): () => void {
  const timer = setInterval(() => {
    running.gateway
      .ask('tally')
      .then((body) => {
        const { decrypted, alarmsSent } = body as CommunityTally
        tell(`running    ${decrypted.length} readings decrypted, ${alarmsSent} alarms sent`)
      })
      .catch(() => undefined)
  }, PROGRESS_MS)
  return () => clearInterval(timer)
}

async function untilDeath(running: RunningCommunity): Promise<never> {
  for (;;) {
    const death = running.death()
    if (death !== null) throw death
    await sleep(200)
  }
}

/** How a run is watched: when its process began, who is told, and what ends it before its time. */
export interface Run {
  readonly processStartMs: number
  readonly tell: Tell
  readonly stop: AbortSignal
}

/** Lets the community run for its time, with its faults; then stops the boards, drains, and reports. */
export async function runFor(
  options: StartOptions,
  running: RunningCommunity,
  { processStartMs, tell, stop }: Run,
): Promise<RunReport> {
  const startMs = wallClock.nowMs()
  const hideProgress = showProgress(running, tell)
  const faults = new FaultPlay(running, tell, options.runMs ?? 0)
  try {
    const { begun, done } = faults.play(options.faults, startMs)
    const over = Promise.all([sleep(options.runMs ?? 0), begun]).then(() => faults.thaw())
    await unlessStopped(stop, Promise.race([Promise.all([over, done]), untilDeath(running)]))
  } finally {
    hideProgress()
  }
  const processes = [running.gateway, ...homeProcesses(running)]
  await Promise.all(processes.map((process) => process.ask('rest')))
  await running.boards.close()
  tell('drain      boards stopped, outboxes empty themselves')
  await unlessStopped(stop, drain(running, tell))
  return report(options, running, processStartMs)
}
