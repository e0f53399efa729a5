import type { ChainFact } from '../chain-fact.ts'
import type { Noted } from './inspector.ts'

/** What a recording shows of a fact of the chain: who and which, no ciphertext and no value. */
const SHOWN = [
  ...['home', 'account', 'seller', 'buyer', 'winner', 'delegator', 'delegatee'],
  ...['id', 'delegation', 'number', 'first', 'slot', 'period', 'epoch', 'reason'],
] as const
const ID_DIGITS = 64

const isNumber = (value: unknown): value is number | bigint =>
  typeof value === 'number' || typeof value === 'bigint'

const isAuction = (contract: string): boolean => contract === 'trading'

function aboutFact(contract: string, { name, args, transactionHash }: ChainFact): string[] {
  const { id, number } = args
  const about = [`tx:${transactionHash}`]
  if (typeof id === 'bigint' && isAuction(contract)) {
    about.push(`trade:0x${id.toString(16).padStart(ID_DIGITS, '0')}`)
  }
  if ((name.startsWith('Delegation') || name.startsWith('Reward')) && isNumber(id))
    about.push(`delegation:${String(id)}`)
  if (name === 'Alarm' && isNumber(number)) about.push(`alarm:${String(number)}`)
  return about
}

/** A fact that a gateway has heard of a contract and written down. */
export function notedFact(contract: string, fact: ChainFact): Noted {
  const known = SHOWN.filter((key) => ['string', 'number', 'bigint'].includes(typeof fact.args[key]))
  const details = Object.fromEntries(known.map((key) => [key, String(fact.args[key])]))
  return {
    what: 'fact',
    name: fact.name,
    details: { contract, block: fact.block, ...details },
    about: aboutFact(contract, fact),
  }
}
