import type { Command } from 'commander'
import { bench } from '../../bench/run.ts'

/** Adds `meterhood bench`. */
export function registerBenchCommand(program: Command): void {
  program
    .command('bench <name>')
    .description('measure this machine: clear, flood, gas, geth, latency, recovery; exit 1 over a limit')
    .option('--json', 'print the rows as one JSON object')
    .action(async (name: string, flags: { json?: true }) => {
      process.exit(await bench(name, flags.json === true))
    })
}
