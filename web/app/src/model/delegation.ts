import type {
  CounterForm,
  DelegationChoice,
  DelegationState,
  DelegationsView,
  DelegationView,
  ProposeForm,
} from '../../../delegation-model.ts'
import type { Refusal } from '../../../messages.ts'
import { ask, post } from './actions.ts'

/** What people of a home ask about its delegations. */
const path = (name: string): string => `/api/actions/delegation/${name}`

export const propose = (form: ProposeForm): Promise<Refusal | null> => post(path('propose'), form)
export const counter = (form: CounterForm): Promise<Refusal | null> => post(path('counter'), form)
export const accept = (choice: DelegationChoice): Promise<boolean> => ask(path('accept'), choice)
export const declineTerms = (choice: DelegationChoice): Promise<boolean> => ask(path('decline'), choice)
export const endDelegation = (choice: DelegationChoice): Promise<boolean> => ask(path('end'), choice)
export const saw = (choice: DelegationChoice): Promise<boolean> => ask(path('saw'), choice)

/** How far a delegation is, for its place on the page. */
export type Stage = 'pending' | 'running' | 'over'

const STAGES: Readonly<Record<DelegationState, Stage>> = {
  proposed: 'pending',
  negotiating: 'pending',
  consented: 'pending',
  registered: 'running',
  active: 'running',
  ending: 'running',
  ended: 'over',
  closed: 'over',
  declined: 'over',
  failed: 'over',
}

export const stageOf = ({ state }: Pick<DelegationView, 'state'>): Stage => STAGES[state]

/** What waits for an answer of this home. */
export const askedOf = ({ list }: DelegationsView): readonly DelegationView[] =>
  list.filter((each) => each.ourTurn && stageOf(each) === 'pending')

/** Alarms of neighbours’ homes that nobody has seen. */
export const unseenOf = ({ caring }: DelegationsView): number =>
  caring.reduce((sum, { unseenAlarms }) => sum + unseenAlarms, 0)

/** Whether this home’s watch is handed over, or about to be: it has one delegation at a time. */
export const isHandedOver = ({ list }: DelegationsView): boolean =>
  list.some((each) => each.role === 'delegator' && stageOf(each) !== 'over')
