import type { JSX } from 'preact'
import type { DelegationView } from '../../../delegation-model.ts'
import { duration } from '../words/format.ts'

interface ConsentProps {
  readonly role: DelegationView['role']
  readonly functions: DelegationView['functions']
  readonly sampleMs: number
}

/** What handing over means, in plain words, for whoever is about to agree to it. */
export function Consent({ role, functions, sampleMs }: ConsentProps): JSX.Element {
  const texts =
    role === 'delegator' ? delegatorTexts(functions, duration(sampleMs)) : delegateeTexts(functions)
  return (
    <ul class="consent">
      {texts.map(([title, text]) => (
        <li key={title}>
          <strong>{title}</strong> {text}
        </li>
      ))}
    </ul>
  )
}

type Text = readonly [title: string, text: string]

function delegatorTexts(functions: ConsentProps['functions'], period: string): readonly Text[] {
  const seen: Text = [
    'What they see.',
    `Energy, power and water of this home, every ${period}, from which one can tell when somebody is in.`,
  ]
  const alarmed: Text = [
    'Alarms go to them instead.',
    'What the community warns about this home they read, and you do not, until it ends.',
  ]
  return [
    ...(functions.includes('readings') ? [seen] : []),
    ...(functions.includes('alarms') ? [alarmed] : []),
    [
      'What they cannot do.',
      'Switch, buy or sell anything for this home, or pass the task on. Your quota and your bill ' +
        'stay yours.',
    ],
    [
      'Who learns of it.',
      'The community reads what it always reads. Everybody can see on the ledger which two homes ' +
        'agreed, for how long and for what reward; nobody else sees a reading.',
    ],
    [
      'The reward.',
      'It is put aside at once. They earn it for each reading that they watch over; the rest ' +
        'comes back to you.',
    ],
    [
      'The end.',
      'You, they or the community can end it at any time. From the next reading on nothing more ' +
        'goes to them. What your neighbour has seen by then it has seen.',
    ],
  ]
}

function delegateeTexts(functions: ConsentProps['functions']): readonly Text[] {
  const seen: Text = ['What you see.', 'Energy, power and water of their home. Keep it to yourself.']
  const alarmed: Text = [
    'Their alarms come to you.',
    'They do not read them meanwhile: look after them, and call if it matters.',
  ]
  return [
    ...(functions.includes('readings') ? [seen] : []),
    ...(functions.includes('alarms') ? [alarmed] : []),
    ['What you do.', 'Your gateway watches by itself. Look at Caring for when it tells you to.'],
    [
      'What you earn.',
      'A share of the reward for each reading that your gateway watched over, also when none ' +
        'came. While your gateway is off it earns nothing.',
    ],
    [
      'Who learns of it.',
      'Everybody can see on the ledger which two homes agreed, for how long and for what reward.',
    ],
    [
      'The end.',
      'You, they or the community can end it at any time. Your key to their readings is erased then.',
    ],
  ]
}
