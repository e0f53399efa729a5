import { z } from 'zod'
import { createPlug } from '../../protocols/rules/cable.ts'
import { Fault } from '../../protocols/rules/fault.ts'
import { proposeForm } from '../../web/delegation-model.ts'
import { answerParent } from '../start/child.ts'
import { openCommunity } from './community.ts'
import type { CommunityGateway } from './community-gateway.ts'
import type { CommunityConfig, HomeConfig } from './configs.ts'
import { openHome } from './home.ts'
import { endOwnDelegations, proposeDelegation } from './ask-delegation.ts'

const Cut = z.object({ chain: z.boolean(), peers: z.boolean() })
const Saved = z.object({ block: z.number().int() })
const Invited = z.array(z.object({ name: z.string(), weight: z.number().int().min(0) }))
const Commission = z.object({ name: z.string(), kinds: z.array(z.enum(['power', 'water', 'comfort'])) })

const Delegate = z.object({ name: z.string(), form: proposeForm })
const EndDelegations = z.object({ name: z.string(), peer: z.string().nullable() })

/** The network of this process's gateways, and the question by which its parent cuts and mends it. */
function openNetwork() {
  const network = { chain: createPlug(), peers: createPlug() }
  const cut = (body: unknown): void => {
    const wanted = Cut.parse(body)
    network.chain.set(wanted.chain)
    network.peers.set(wanted.peers)
  }
  return { network, cut }
}

/** The process that runs the community gateway of a run of `start`; its parent opens it. */
export function hostCommunity(): void {
  const { network, cut } = openNetwork()
  let gateway: CommunityGateway | null = null
  const opened = (): CommunityGateway => {
    if (gateway === null) throw new Fault('not-open', 'the community gateway is not open yet')
    return gateway
  }
  answerParent({
    open: async (config) => {
      // The parent is this very program: the shape is its own.
      gateway = await openCommunity(config as CommunityConfig, { network })
      return gateway.opened()
    },
    invite: async (body) => {
      const codes: string[] = []
      for (const invited of Invited.parse(body)) codes.push(await opened().invites.issue(invited))
      return codes
    },
    commission: (body) => {
      const { name, kinds } = Commission.parse(body)
      return opened().commission(name, kinds)
    },
    cut,
    saved: (body) => opened().saved(Saved.parse(body).block),
    rest: () => opened().rest(),
    status: () => opened().status(),
    tally: () => opened().tally(),
    close: () => gateway?.close(),
  })
}

type OpenHome = Awaited<ReturnType<typeof openHome>>

/** The process that runs some homes of a run of `start`: all of them, or one with `--isolate`. */
export function hostHomes(): void {
  const { network, cut } = openNetwork()
  const homes = new Map<string, OpenHome>()
  const opened = (name: unknown): OpenHome => {
    const home = homes.get(z.string().parse(name))
    if (home === undefined) throw new Fault('not-open', 'this home is not open here')
    return home
  }
  answerParent({
    open: async (config) => {
      // The parent is this very program: the shape is its own.
      const { name, ...rest } = config as HomeConfig
      const home = await openHome({ name, ...rest }, { network })
      homes.set(name, home)
      return home.gateway.pages?.link ?? ''
    },
    cut,
    saved: (body) => {
      const { block } = Saved.parse(body)
      for (const { gateway } of homes.values()) gateway.attached?.chain.saved(block)
    },
    rest: () => {
      for (const { gateway } of homes.values()) gateway.rest()
    },
    meter: () => {
      for (const { gateway } of homes.values()) gateway.isMetering = true
    },
    status: (name) => opened(name).gateway.status(),
    account: (name) => opened(name).gateway.view().account,
    delegate: (body) => {
      const { name, form } = Delegate.parse(body)
      return proposeDelegation(opened(name).gateway, form)
    },
    'end-delegations': (body) => {
      const { name, peer } = EndDelegations.parse(body)
      return endOwnDelegations(opened(name).gateway, peer)
    },
    tally: async (name) => {
      const tally = await opened(name).gateway.tally()
      // The process is shared: each home answers for its part.
      return { ...tally, memoryMb: Math.ceil(tally.memoryMb / homes.size) }
    },
    close: async () => {
      await Promise.all([...homes.values()].map((home) => home.close()))
    },
  })
}
