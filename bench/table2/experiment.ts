import { censoring } from './censoring.ts'
import { concurrent } from './concurrent.ts'
import { onGeth, type Ground, type Measured, type Progress } from './ground.ts'
import { malicious } from './malicious.ts'
import { spamming } from './spamming.ts'

/** A row of the paper’s table 2, and what became of it on Geth. */
export interface Answer extends Measured {
  readonly attack: string
  /** The paper’s words. */
  readonly paper: string
}

interface Attack {
  readonly attack: string
  readonly paper: string
  readonly run: (ground: Ground) => Promise<Measured>
}

/** The last one leaves a signer less: it comes after those that need all. */
const ATTACKS: readonly Attack[] = [
  {
    attack: 'censoring contributor',
    paper: 'Signers censoring blocks with negative votes are limited to 1 block out of N/2 block.',
    run: censoring,
  },
  {
    attack: 'spamming contributor',
    paper: 'Signers injecting new vote proposals … is mitigated by placing a limit on the vote window.',
    run: spamming,
  },
  {
    attack: 'concurrent contributors',
    paper: 'N-K + 1 miners are allowed to mint. To avoid racing we add a small random "offset".',
    run: concurrent,
  },
  {
    attack: 'malicious contributor',
    paper: 'Any signer may only mint 1 block out of every K. Damage is limited. Signer can be voted out.',
    run: malicious,
  },
]

/** Runs every attack of table 2 on a network of real Geth nodes, one after another. */
export function table2(signers: number, tell: Progress): Promise<Answer[]> {
  return onGeth(signers, tell, async (ground) => {
    const answers: Answer[] = []
    for (const { attack, paper, run } of ATTACKS) {
      const measured = await run(ground)
      tell(`${attack}: ${measured.effect}`)
      answers.push({ attack, paper, ...measured })
    }
    return answers
  })
}
