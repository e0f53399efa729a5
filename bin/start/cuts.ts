/** Which ways of a gateway are cut. */
export interface CutWays {
  readonly chain: boolean
  readonly peers: boolean
}

/** Whom a run has cut off, until it heals all. */
export class Cuts {
  readonly #gateways = new Set<string>()
  #chain = false

  /** Nobody reaches this gateway any more, nor it anybody. */
  cutGateway(name: string): void {
    this.#gateways.add(name)
  }

  /** Nobody reaches the chain any more; gateways still reach each other. */
  cutChain(): void {
    this.#chain = true
  }

  heal(): void {
    this.#gateways.clear()
    this.#chain = false
  }

  /** What is cut of the gateway or gateways in the process of this name. */
  of(name: string): CutWays {
    const peers = this.#gateways.has(name)
    return { chain: this.#chain || peers, peers }
  }
}
