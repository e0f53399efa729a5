/** A gateway's way to others. It can be cut, as when somebody pulls a plug, and mended. */
export interface Cable {
  isCut(): boolean
  /** Calls the listener when the cable is cut: what is open over it must be dropped. The result ends that. */
  onCut(listener: () => void): () => void
}

/** The ways of a gateway: to its chain node, and to its peers. */
export interface Network {
  readonly chain: Cable
  readonly peers: Cable
}

/** A cable and the hand that pulls it. */
export interface Plug extends Cable {
  set(cut: boolean): void
}

const whole: Cable = { isCut: () => false, onCut: () => () => undefined }

/** The network of a gateway that nobody cuts. */
export const WHOLE_NETWORK: Network = { chain: whole, peers: whole }

/** A cable that can be pulled; whole at first. */
export function createPlug(): Plug {
  const listeners = new Set<() => void>()
  let cut = false
  return {
    isCut: () => cut,
    onCut: (listener) => {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    set: (wanted) => {
      const pulled = wanted && !cut
      cut = wanted
      if (pulled) for (const listener of listeners) listener()
    },
  }
}
