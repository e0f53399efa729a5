import type { Rpc } from '../../../chain/proxy/rpc.ts'
import type { Gateway } from '../gateways/gateway.ts'
import type { World } from '../world.ts'
import { Lookout } from './lookout.ts'
import { SimulatedNode } from './node.ts'

/**
 * A node and who uses it. A gateway alone at its node reads the chain anew with each process; those that
 * share one are read to by one lookout, as the homes that one host runs are.
 */
export class NodeAccess {
  readonly gateways: Gateway[] = []
  #lookout: Lookout | null = null

  constructor(world: World, name: string, isShared: boolean) {
    if (!isShared) return
    const rpc = new SimulatedNode(name, world.chain, world.pool, {
      isAway: () => world.faults.isAway(this),
      travel: () => 'answered',
      outlives: () => true,
    })
    this.#lookout = new Lookout(rpc)
  }

  /** The lookout of a process that begins, with its own way to the node. */
  lookoutFor(rpc: Rpc): Lookout {
    return this.#lookout ?? new Lookout(rpc)
  }

  /** There is something new at the node. */
  poke(): void {
    if (this.#lookout !== null) return this.#lookout.poke()
    for (const { life, feed } of this.gateways) if (!life.dead) feed.poke()
  }
}
