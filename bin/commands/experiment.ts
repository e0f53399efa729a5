import type { Command } from 'commander'
import { table2, type Answer } from '../../bench/table2/experiment.ts'
import { badField } from '../../protocols/rules/fault.ts'
import { ending } from './ending.ts'

const LEAST_SIGNERS = 3
const MOST_SIGNERS = 7

interface Table2Flags {
  readonly signers: string
  readonly json?: true
}

const lines = ({ attack, paper, effect, claimHolds }: Answer): string[] => [
  attack,
  `  paper      ${paper}`,
  `  measured   ${effect}`,
  `  it holds   ${claimHolds}`,
]

async function answerTable2(flags: Table2Flags): Promise<void> {
  const signers = Number(flags.signers)
  if (!Number.isInteger(signers) || signers < LEAST_SIGNERS || signers > MOST_SIGNERS) {
    throw badField('--signers', `${LEAST_SIGNERS} to ${MOST_SIGNERS}`, flags.signers)
  }
  const answers = await table2(signers, (line) => console.error(line))
  if (flags.json === true) console.log(JSON.stringify({ name: 'table2', signers, rows: answers }))
  else console.log(answers.flatMap(lines).join('\n'))
}

/** Adds `meterhood experiment`: the paper's own experiments, run anew. */
export function registerExperimentCommand(program: Command): void {
  const experiment = program.command('experiment').description('run an experiment of the paper anew')
  experiment
    .command('table2')
    .description('attack a Geth network as the paper’s table 2 lists it, and measure what that does')
    .option('--signers <n>', 'signers of the network', '5')
    .option('--json', 'print {name, signers, rows}')
    .action((flags: Table2Flags) => ending('experiment table2', answerTable2(flags)))
}
