import '../protocols/p2p/polyfill.ts'

// Only a run that counts machines pays for trying what they may not hear.
if (process.env['METERHOOD_COVERAGE'] !== undefined) {
  const { watchSneakPaths } = await import('./models/sneak-paths.ts')
  watchSneakPaths()
}
