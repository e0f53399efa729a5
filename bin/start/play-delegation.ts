import { setTimeout as sleep } from 'node:timers/promises'
import { proposeForm, type ProposeForm } from '../../web/delegation-model.ts'
import { systemRandom, wallClock } from '../clock.ts'
import type { RunningCommunity } from './community.ts'
import { homeName } from './community-run.ts'
import type { HomePair } from './faults.ts'
import type { Supervised } from './supervised.ts'

const MS_PER_HOUR = 3_600_000
/** A delegation of a run goes on for so long after it: only an end ends it before. */
const AFTER_THE_RUN_MS = 10 * MS_PER_HOUR
/** 1 SCT for each hour that is agreed on, out of the 100 that a member begins with. */
const REWARD_MICRO_SCT_PER_HOUR = 1_000_000
const REWARD_MOST_MICRO_SCT = 50_000_000
const REQUEST_BYTES = 16
const END_PATIENCE_MS = 30_000
const END_AGAIN_MS = 500

interface Home {
  readonly name: string
  readonly process: Supervised
}

function homeOf(running: RunningCommunity, number: number): Home | null {
  return running.homes.find(({ name }) => name === homeName(number)) ?? null
}

async function accountOf({ name, process }: Home): Promise<string> {
  return String(await process.ask('account', name))
}

/** What home A proposes to B's account: readings and alarms, from at once until long after the run. */
function proposalTo(peer: string, runMs: number): ProposeForm {
  const lastsMs = runMs + AFTER_THE_RUN_MS
  const hours = Math.ceil(lastsMs / MS_PER_HOUR)
  return proposeForm.parse({
    requestId: Buffer.from(systemRandom(REQUEST_BYTES)).toString('hex'),
    peer,
    functions: ['readings', 'alarms'],
    fromMs: null,
    untilMs: wallClock.nowMs() + lastsMs,
    rewardMicroSct: Math.min(hours * REWARD_MICRO_SCT_PER_HOUR, REWARD_MOST_MICRO_SCT),
    text: 'We are away. Please have an eye on our home.',
  })
}

/** Lets home A propose to B that it watches A's home; B accepts by itself. */
export async function delegate(running: RunningCommunity, pair: HomePair, runMs: number): Promise<void> {
  const from = homeOf(running, pair.from)
  const to = homeOf(running, pair.to)
  if (from === null || to === null) return
  const form = proposalTo(await accountOf(to), runMs)
  await from.process.ask('delegate', { name: from.name, form })
}

/**
 * Lets home A end what it delegated to B; without a pair, each home what it delegated. Gives how many were
 * asked to end. A home that was just started again, or whose consent is still on its way, has its time.
 */
export async function endDelegations(running: RunningCommunity, pair: HomePair | null): Promise<number> {
  const deadline = performance.now() + END_PATIENCE_MS
  for (;;) {
    const ended = await endOnce(running, pair).catch(() => 0)
    if (ended > 0 || performance.now() >= deadline) return ended
    await sleep(END_AGAIN_MS)
  }
}

async function endOnce(running: RunningCommunity, pair: HomePair | null): Promise<number> {
  const to = pair === null ? null : homeOf(running, pair.to)
  const peer = to === null ? null : await accountOf(to)
  const from =
    pair === null ? running.homes : running.homes.filter(({ name }) => name === homeName(pair.from))
  const ended = await Promise.all(
    from.map(async ({ name, process }) =>
      // A home that was killed has no process to ask until it is there again.
      Number(await process.ask('end-delegations', { name, peer }).catch(() => 0)),
    ),
  )
  return ended.reduce((sum, each) => sum + each, 0)
}
