import { signal } from '@preact/signals'
import type {
  BidRequest,
  BuyRequest,
  SaveRuleRequest,
  Simulated,
  TokensRequest,
} from '../../../market-messages.ts'
import type { PreferencesForm, RuleForm } from '../../../market-model.ts'
import type { Refusal } from '../../../messages.ts'
import { ask, post, postFor } from './actions.ts'
import { isSimulated } from './door.ts'
import type { Page } from './route.ts'

/** What people of a home ask of its market. Forms show a refusal beside the field that it names. */
const path = (name: string): string => `/api/actions/${name}`

/** What was done a moment ago, said at the head of one page until it is left; null when nothing was. */
export const notice = signal<{ readonly on: Page; readonly text: string } | null>(null)

export const buy = (request: BuyRequest): Promise<Refusal | null> => post(path('buy'), request)
export const bid = (request: BidRequest): Promise<Refusal | null> => post(path('bid'), request)
export const decline = (auctionId: string): Promise<boolean> => ask(path('decline'), { auctionId })
export const cancelOffer = (auctionId: string): Promise<boolean> => ask(path('cancel-offer'), { auctionId })
export const buyTokens = (request: TokensRequest): Promise<Refusal | null> =>
  post(path('buy-tokens'), request)
export const sellTokens = (request: TokensRequest): Promise<Refusal | null> =>
  post(path('sell-tokens'), request)
export const withdraw = (): Promise<boolean> => ask(path('withdraw'), { requestId: newRequestId() })
export const saveRule = (request: SaveRuleRequest): Promise<Refusal | null> =>
  post(path('save-rule'), request)
export const savePreferences = (preferences: PreferencesForm): Promise<Refusal | null> =>
  post(path('save-preferences'), preferences)
export const keepTokens = (keepMicroSct: number): Promise<Refusal | null> =>
  post(path('keep-tokens'), { keepMicroSct })
export const removeRule = (id: string): Promise<boolean> => ask(path('remove-rule'), { id })
export const switchRule = (id: string, enabled: boolean): Promise<boolean> =>
  ask(path('switch-rule'), { id, enabled })
export const simulateRules = (rules: readonly RuleForm[]): Promise<Simulated | Refusal> =>
  postFor(path('simulate-rules'), { rules }, isSimulated)

/** Names a form that is sent, so that a second try does not buy twice. */
export function newRequestId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16))
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
}
