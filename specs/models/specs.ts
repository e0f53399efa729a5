/** The specs that drive real machines by their models and kill them: what `npm run coverage:machines` runs. */
export const MODEL_SPECS = [
  'specs/models/',
  'specs/market/model.spec.ts',
  'specs/market/kill.spec.ts',
  'specs/delegation/kill.spec.ts',
] as const
