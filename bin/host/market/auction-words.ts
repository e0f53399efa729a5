import type { OwnTradeTable } from '../../../actors/storage/schema.ts'
import { amountInWords } from '../../../protocols/rules/trade-rules/words.ts'
import type { AuctionView } from '../../../web/market-model.ts'

type Told = Omit<AuctionView, 'text'>

const DECIDING = 'The period is over. What was delivered is being decided.'

function ofBuyer(told: Told): string {
  const { phase, phaseEndsAtMs, bids, reveals, amount, delivered, resource } = told
  switch (phase) {
    case 'offering':
      return 'Your offer is sealed and on its way to the ledger.'
    case 'bidding':
      return bids === 0
        ? 'Neighbours were asked. Nobody sees your maximum.'
        : 'Neighbours bid now. Nobody sees a bid, and nobody sees your maximum.'
    case 'gap':
      return bids === 0
        ? 'Nobody bid in time. Your bond comes back.'
        : 'Bids are closed. A short wait, so that nothing shown can change a bid.'
    case 'showing':
      return 'Your home opens your maximum price now.'
    case 'revealing':
      return reveals < bids ? 'Your maximum is shown. The bids are opened one by one.' : 'All bids are open.'
    case 'settling':
      return 'The winner is being found.'
    case 'delivering':
      return phaseEndsAtMs === null
        ? DECIDING
        : 'The quota is yours. The seller is paid after the period, for what it left you.'
    case 'paid':
      return deliveredText('The seller delivered', resource, amount, delivered)
    case 'failed':
      return 'Nothing was bought.'
  }
}

function ofSeller(told: Told, stage: OwnTradeTable['stage']): string {
  const { phase, won, bids, amount, delivered, resource } = told
  if (won === false) return 'A neighbour asked for less. Your bond comes back, and your quota is free again.'
  switch (phase) {
    case 'offering':
    case 'bidding':
      if (bids > 0 && told.seals.some(({ own }) => own)) return 'Your bid is sealed. Nobody sees it.'
      return stage === 'over' ? 'Your bid did not reach the ledger in time.' : 'Your bid is on its way.'
    case 'gap':
      return 'Bids are closed. A short wait, so that nothing shown can change a bid.'
    case 'showing':
      return 'The buyer opens its maximum price now.'
    case 'revealing':
      return 'The bids are opened now. Your home opens yours by itself.'
    case 'settling':
      return 'The winner is being found.'
    case 'delivering': {
      if (told.phaseEndsAtMs === null) return DECIDING
      const words = amountInWords(resource, amount)
      return `You won. Leave ${words} of your quota unused, and you are paid after the period.`
    }
    case 'paid':
      return deliveredText('You delivered', resource, amount, delivered)
    case 'failed':
      return 'Nothing was sold.'
  }
}

function deliveredText(
  who: string,
  resource: Told['resource'],
  amount: number,
  delivered: number | null,
): string {
  if (delivered === null || delivered === amount) return `${who} all of it. It is paid.`
  const of = `${amountInWords(resource, delivered)} of ${amountInWords(resource, amount)}`
  return `${who} ${of}, and only that is paid.`
}

/** Where an auction stands, in one sentence for the people of this home. */
export function auctionText(told: Told, stage: OwnTradeTable['stage']): string {
  return told.role === 'buyer' ? ofBuyer(told) : ofSeller(told, stage)
}
