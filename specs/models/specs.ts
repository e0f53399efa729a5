import type { MachineName } from '../../actors/catalogue.ts'

/**
 * Specs that drive real machines by their models and kill them, with the machines that each is for:
 * `npm run coverage:machines` runs them.
 */
export const MODEL_SPECS: Readonly<Record<string, readonly MachineName[]>> = {
  'specs/models/gateways.spec.ts': ['smart-gateway', 'community-gateway'],
  'specs/models/delegation.spec.ts': ['delegation', 'caring'],
  'specs/models/price-feed.spec.ts': ['price-feed'],
  'specs/models/board-link.spec.ts': ['board-link'],
  'specs/models/power-control.spec.ts': ['power-control'],
  'specs/crashes/gateways.spec.ts': ['smart-gateway', 'community-gateway'],
  'specs/crashes/board.spec.ts': ['board-link', 'power-control'],
  'specs/crashes/calls.spec.ts': ['contract-proxy', 'intent'],
  'specs/crashes/archive.spec.ts': ['archive'],
  'specs/crashes/prices.spec.ts': ['price-feed'],
  'specs/crashes/voter.spec.ts': ['signer-voter'],
  'specs/market/model.spec.ts': ['determination', 'negotiation', 'payment'],
  'specs/market/kill.spec.ts': ['determination', 'negotiation', 'payment'],
  'specs/delegation/kill.spec.ts': ['delegation', 'caring'],
  'specs/price-feed/feed.spec.ts': ['price-feed'],
  'specs/machines/board-link.spec.ts': ['board-link'],
  'specs/proxy/contract-proxy.spec.ts': ['contract-proxy', 'intent'],
  'specs/proxy/outbox.spec.ts': ['contract-proxy', 'intent'],
  'specs/proxy/broken-way.spec.ts': ['contract-proxy', 'intent'],
  'specs/proxy/mending.spec.ts': ['contract-proxy', 'intent'],
  'specs/proxy/feed.spec.ts': ['contract-proxy', 'intent'],
  // Histories of the machines alone: what no chain and no neighbour brings about on one computer.
  'specs/proxy/machines.spec.ts': ['contract-proxy', 'intent'],
  'specs/machines/delegation.spec.ts': ['delegation'],
  'specs/machines/caring.spec.ts': ['caring'],
  'specs/machines/archive.spec.ts': ['archive'],
  'specs/machines/signer-voter.spec.ts': ['signer-voter'],
}
