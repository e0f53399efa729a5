/** The specs that drive real machines by their models and kill them: what `npm run coverage:machines` runs. */
export const MODEL_SPECS = [
  'specs/models/',
  'specs/crashes/',
  'specs/market/model.spec.ts',
  'specs/market/kill.spec.ts',
  'specs/delegation/kill.spec.ts',
  'specs/price-feed/feed.spec.ts',
  'specs/machines/board-link.spec.ts',
  // Random histories of the two machines: what a chain on one machine does not bring about.
  'specs/proxy/machines.spec.ts',
  'specs/proxy/contract-proxy.spec.ts',
  'specs/proxy/outbox.spec.ts',
  'specs/proxy/broken-way.spec.ts',
  'specs/proxy/mending.spec.ts',
  'specs/proxy/feed.spec.ts',
] as const
