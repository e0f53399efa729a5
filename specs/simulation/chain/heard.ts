import type { ContractName, Told } from '../contracts/call.ts'

/** An event with its block, and the transaction that told it. */
export interface HeardFact {
  readonly contract: ContractName
  readonly told: Told
  readonly transactionHash: string
  readonly sender: string
  readonly block: number
  readonly timestampMs: number
}

/** The facts of a block as gateways hear them: what concerns a home, a street, everybody. */
export interface Heard {
  readonly all: readonly HeardFact[]
  readonly everybody: readonly HeardFact[]
  readonly ofHome: ReadonlyMap<string, readonly HeardFact[]>
  readonly ofStreet: ReadonlyMap<number, readonly HeardFact[]>
}

const ID_END = 2 + 48
const ACCOUNT_DIGITS = 40

/** Whose request an auction is: its number says it. */
export const buyerOf = (auctionId: string): string => `0x${auctionId.slice(ID_END - ACCOUNT_DIGITS, ID_END)}`

/** What a home listens to beside its street's market. */
const TO_HOMES = new Set(['OperationKeyPublished', 'Reading', 'Alarm'])

function put<K>(to: Map<K, HeardFact[]>, key: K, fact: HeardFact): void {
  const there = to.get(key)
  if (there === undefined) to.set(key, [fact])
  else there.push(fact)
}

export function heardFrom(all: readonly HeardFact[], streetOf: (account: string) => number): Heard {
  const ofHome = new Map<string, HeardFact[]>()
  const ofStreet = new Map<number, HeardFact[]>()
  const everybody: HeardFact[] = []
  for (const fact of all) {
    const { told } = fact
    if (told.name === 'CommunityKeysAnnounced') everybody.push(fact)
    else if ('home' in told && TO_HOMES.has(told.name)) put(ofHome, told.home, fact)
    else if (fact.contract === 'trading' && 'id' in told && typeof told.id === 'string') {
      put(ofStreet, streetOf(buyerOf(told.id)), fact)
    }
  }
  return { all, everybody, ofHome, ofStreet }
}
