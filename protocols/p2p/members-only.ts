import type { GossipSubComponents } from '@chainsafe/libp2p-gossipsub'
import type { PeerId, StreamHandler, Topology } from '@libp2p/interface'
import { paced, type Delay } from './paced.ts'

type Registrar = GossipSubComponents['registrar']

interface Guard {
  readonly isMember: (peer: PeerId) => boolean
  /** How fast each may send; without it as fast as it likes. */
  readonly delayOf?: Delay | undefined
}

/**
 * libp2p 3.3's own stream middleware appends the handler to the registered list at each stream, so that a
 * second stream is handled twice. Therefore the registrar that a service is given is wrapped instead.
 */
function guardHandler(handler: StreamHandler, { isMember, delayOf }: Guard): StreamHandler {
  return (stream, connection) => {
    const peer = connection.remotePeer.toString()
    if (isMember(connection.remotePeer)) {
      const pace = delayOf === undefined ? stream : paced(stream, (bytes) => delayOf(peer, bytes))
      return handler(pace, connection)
    }
    stream.abort(new Error('this protocol is for members'))
  }
}

function guardTopology(topology: Topology, isMember: (peer: PeerId) => boolean): Topology {
  return {
    ...topology,
    onConnect: (peer, connection) => (isMember(peer) ? topology.onConnect?.(peer, connection) : undefined),
    onDisconnect: (peer) => topology.onDisconnect?.(peer),
  }
}

function guardRegistrar(registrar: Registrar, guard: Guard): Registrar {
  return {
    getProtocols: () => registrar.getProtocols(),
    handle: (protocol, handler, options) => registrar.handle(protocol, guardHandler(handler, guard), options),
    unhandle: (protocol, options) => registrar.unhandle(protocol, options),
    getHandler: (protocol) => registrar.getHandler(protocol),
    use: (protocol, middleware) => registrar.use(protocol, middleware),
    unuse: (protocol) => registrar.unuse(protocol),
    getMiddleware: (protocol) => registrar.getMiddleware(protocol),
    register: (protocol, topology, options) =>
      registrar.register(protocol, guardTopology(topology, guard.isMember), options),
    unregister: (id) => registrar.unregister(id),
    getTopologies: (protocol) => registrar.getTopologies(protocol),
  }
}

/**
 * A libp2p service that speaks with members only: streams of others are reset, and it never opens one to
 * them. The components are read lazily, since libp2p fills them while it is being made.
 */
export function membersOnly<C extends { registrar: Registrar }, Service>(
  service: (components: C) => Service,
  isMember: (peer: PeerId) => boolean,
  delayOf?: Delay,
): (components: C) => Service {
  return (components) => {
    const guarded = guardRegistrar(components.registrar, { isMember, delayOf })
    const view = new Proxy(components, {
      get: (target, key): unknown => (key === 'registrar' ? guarded : Reflect.get(target, key)),
    })
    return service(view)
  }
}
