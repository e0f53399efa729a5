import type { Command } from 'commander'

/** How each command is added. Only the one that was named is loaded: wrong words are answered at once. */
export const COMMANDS: Readonly<Record<string, (program: Command) => Promise<void>>> = {
  start: async (program) => (await import('./start.ts')).registerStartCommand(program),
  community: async (program) => (await import('./community.ts')).registerCommunityCommand(program),
  home: async (program) => (await import('./home.ts')).registerHomeCommand(program),
  verify: async (program) => (await import('./verify.ts')).registerVerifyCommand(program),
  chain: async (program) => (await import('./chain.ts')).registerChainCommand(program),
  decode: async (program) => (await import('./decode.ts')).registerDecodeCommand(program),
  clear: async (program) => (await import('./clear.ts')).registerClearCommand(program),
  calibrate: async (program) => (await import('./calibrate.ts')).registerCalibrateCommand(program),
  bench: async (program) => (await import('./bench.ts')).registerBenchCommand(program),
  experiment: async (program) => (await import('./experiment.ts')).registerExperimentCommand(program),
  doctor: async (program) => (await import('./doctor.ts')).registerDoctorCommand(program),
}
