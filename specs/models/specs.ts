/** Specs that drive real machines by their models and kill them: `npm run coverage:machines` runs them. */
export const MODEL_SPECS = [
  'specs/models/',
  'specs/crashes/',
  'specs/market/model.spec.ts',
  'specs/market/kill.spec.ts',
  'specs/delegation/kill.spec.ts',
  'specs/price-feed/feed.spec.ts',
  'specs/machines/board-link.spec.ts',
  'specs/proxy/contract-proxy.spec.ts',
  'specs/proxy/outbox.spec.ts',
  'specs/proxy/broken-way.spec.ts',
  'specs/proxy/mending.spec.ts',
  'specs/proxy/feed.spec.ts',
  // Histories of the machines alone: what no chain and no neighbour brings about on one computer.
  'specs/proxy/machines.spec.ts',
  'specs/machines/delegation.spec.ts',
  'specs/machines/caring.spec.ts',
  'specs/machines/archive.spec.ts',
  'specs/machines/signer-voter.spec.ts',
] as const
