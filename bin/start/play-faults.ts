import { setTimeout as sleep } from 'node:timers/promises'
import { Fault, messageOf } from '../../protocols/rules/fault.ts'
import { wallClock } from '../clock.ts'
import type { RunningCommunity, Tell } from './community.ts'
import { homeName } from './community-run.ts'
import type { FaultNode, PlannedFault } from './faults.ts'
import { delegate, endDelegations } from './play-delegation.ts'
import { RESTART_AFTER_MS, type Supervised } from './supervised.ts'

/** What can be killed, frozen and thawed: a gateway's process, or the chain's. */
type Mortal = Pick<Supervised, 'kill' | 'signal'>

const processes = ({ gateway, homes }: RunningCommunity): Supervised[] => [
  ...new Set([gateway, ...homes.map(({ process }) => process)]),
]

function gatewayOf(
  running: RunningCommunity,
  node: Exclude<FaultNode, { kind: 'chain' | 'signer' }>,
): Supervised {
  if (node.kind === 'cgw') return running.gateway
  const found = running.homes.find((home) => home.name === homeName(node.number))
  if (found !== undefined) return found.process
  throw new Fault('bad-fault', `--fault: there is no home ${node.number}`)
}

function mortalOf(running: RunningCommunity, node: FaultNode): Mortal {
  if (node.kind === 'cgw' || node.kind === 'home') return gatewayOf(running, node)
  const { chain } = running
  const signer = node.kind === 'signer' ? node.number : undefined
  return {
    kill: () => chain.kill(RESTART_AFTER_MS, signer),
    signal: (signal) => {
      if (signal === 'SIGSTOP' || signal === 'SIGCONT') chain.signal(signal, signer)
    },
  }
}

const nodeName = (node: FaultNode): string => ('number' in node ? `${node.kind}:${node.number}` : node.kind)

function nameOf(fault: PlannedFault): string {
  if (fault.action === 'wire') return `wire:${fault.home}.${fault.board}`
  if ('pair' in fault) {
    return fault.pair === null ? fault.action : `${fault.action}:${fault.pair.from}>${fault.pair.to}`
  }
  return fault.action === 'heal' ? 'heal' : `${fault.action}:${nodeName(fault.node)}`
}

/** The faults of one run, and what of them lasts. */
export class FaultPlay {
  readonly #running: RunningCommunity
  readonly #tell: Tell
  readonly #runMs: number
  readonly #frozen = new Map<string, FaultNode>()

  constructor(running: RunningCommunity, tell: Tell, runMs: number) {
    this.#running = running
    this.#tell = tell
    this.#runMs = runMs
  }

  /**
   * Plays the planned faults, each at its time after `startMs`: `begun` resolves when all have struck, `done`
   * when those who were killed are back.
   */
  play(plan: readonly PlannedFault[], startMs: number): { begun: Promise<unknown>; done: Promise<unknown> } {
    const begun = plan.map(async (fault) => {
      await sleep(Math.max(0, startMs + fault.atMs - wallClock.nowMs()))
      this.#tell(`fault      ${nameOf(fault)}`)
    })
    const done = plan.map(async (fault, at) => {
      await begun[at]
      await this.#befall(fault)
    })
    return { begun: Promise.all(begun), done: Promise.all(done) }
  }

  /**
   * Lets go on what is still frozen: it could not be asked for its part of the report, and who comes back may
   * wait for it.
   */
  thaw(): void {
    for (const [name, node] of this.#frozen) {
      this.#tell(`fault      resume:${name}, since the run is over`)
      mortalOf(this.#running, node).signal('SIGCONT')
    }
    this.#frozen.clear()
  }

  async #befall(fault: PlannedFault): Promise<void> {
    switch (fault.action) {
      case 'wire':
        await this.#running.boards.ask('cut', { home: fault.home, kind: fault.board })
        return
      case 'heal':
        this.#running.cuts.heal()
        this.#tellCuts()
        return
      case 'cut':
        this.#cut(fault.node)
        return
      case 'kill':
        this.#frozen.delete(nodeName(fault.node))
        await mortalOf(this.#running, fault.node).kill()
        return
      case 'stop':
        this.#frozen.set(nodeName(fault.node), fault.node)
        mortalOf(this.#running, fault.node).signal('SIGSTOP')
        return
      case 'resume':
        this.#frozen.delete(nodeName(fault.node))
        mortalOf(this.#running, fault.node).signal('SIGCONT')
        return
      case 'delegate':
      case 'end':
        await this.#handOver(fault)
    }
  }

  /** A neighbour that declines, or a gateway that is away, is part of the play and ends no run. */
  async #handOver(fault: Extract<PlannedFault, { action: 'delegate' | 'end' }>): Promise<void> {
    try {
      if (fault.action === 'delegate') await delegate(this.#running, fault.pair, this.#runMs)
      else if ((await endDelegations(this.#running, fault.pair)) === 0)
        this.#tell(`fault      ${nameOf(fault)}: nothing was delegated`)
    } catch (thrown) {
      this.#tell(`fault      ${nameOf(fault)} came to nothing: ${messageOf(thrown)}`)
    }
  }

  #cut(node: FaultNode): void {
    const { cuts } = this.#running
    if (node.kind === 'chain') cuts.cutChain()
    else if (node.kind !== 'signer') cuts.cutGateway(gatewayOf(this.#running, node).name)
    this.#tellCuts()
  }

  /** A frozen process hears it when it goes on, a killed one when it opens again: nobody waits for that. */
  #tellCuts(): void {
    for (const each of processes(this.#running)) {
      each.ask('cut', this.#running.cuts.of(each.name)).catch(() => undefined)
    }
  }
}
