import { z } from 'zod'
import {
  excessAt,
  METERED,
  resourceNumber,
  type Excess,
  type ExcessEvent,
  type MeteredResource,
} from '../protocols/rules/excess.ts'
import type { ChainFact } from './chain-fact.ts'
import type { Database, ExcessEventTable, Trx } from './storage/schema.ts'

/** Which excess: one of a home, for a billing period and a resource. */
export interface ExcessKey {
  readonly home: string
  readonly period: number
  readonly resource: MeteredResource
}

const address = z.string().transform((text) => text.toLowerCase())
/** u64 amounts beyond what JavaScript counts exactly are nobody's use: they stay large, and stay integers. */
const integer = z
  .union([z.number(), z.bigint()])
  .transform((value) => Number(value > Number.MAX_SAFE_INTEGER ? Number.MAX_SAFE_INTEGER : value))
const about = { home: address, period: integer, resource: integer }

const shapes = {
  ExcessAsserted: z.object({ ...about, excess: integer, lastBlock: integer }),
  OpeningDemanded: z.object({ ...about, lastBlock: integer, byMarket: z.boolean() }),
  ExcessOpened: z.object({ ...about, excess: integer, value: integer }),
  ExcessFinal: z.object({ ...about, excess: integer }),
  ExcessVoid: z.object({ ...about, excess: integer }),
  ExcessUnproved: z.object({ ...about, excess: integer }),
}

type Told = Pick<ExcessEventTable, 'home' | 'period' | 'resource' | 'kind'> &
  Partial<Pick<ExcessEventTable, 'amount' | 'last_block' | 'value'>>

function toldBy({ name, args }: ChainFact): Told | null {
  switch (name) {
    case 'ExcessAsserted': {
      const { excess: amount, lastBlock: last_block, ...key } = shapes.ExcessAsserted.parse(args)
      return { ...key, kind: 'asserted', amount, last_block }
    }
    case 'OpeningDemanded': {
      const { lastBlock: last_block, byMarket, ...key } = shapes.OpeningDemanded.parse(args)
      return { ...key, kind: byMarket ? 'forced' : 'demanded', last_block }
    }
    case 'ExcessOpened': {
      const { excess: amount, value, ...key } = shapes.ExcessOpened.parse(args)
      return { ...key, kind: 'opened', amount, value }
    }
    case 'ExcessFinal': {
      const { excess: amount, ...key } = shapes.ExcessFinal.parse(args)
      return { ...key, kind: 'final', amount }
    }
    case 'ExcessUnproved': {
      const { excess: amount, ...key } = shapes.ExcessUnproved.parse(args)
      return { ...key, kind: 'unproved', amount }
    }
    case 'ExcessVoid': {
      const { excess: amount, ...key } = shapes.ExcessVoid.parse(args)
      return { ...key, kind: 'void', amount }
    }
  }
  return null
}

/**
 * Keeps what the quota contract told of an excess, in the caller's transaction; with `only`, of that home.
 * False for any other fact.
 */
export async function keepExcessEvent(trx: Trx, fact: ChainFact, only?: string): Promise<boolean> {
  const told = toldBy(fact)
  if (told === null || (only !== undefined && told.home !== only)) return false
  await trx
    .insertInto('excess_event')
    .values({ amount: 0, last_block: 0, value: 0, ...told, block: fact.block, log_index: fact.logIndex })
    .onConflict((conflict) => conflict.doNothing())
    .execute()
  return true
}

/** Takes back what blocks from `fromBlock` on had told. */
export async function revertExcessEvents(trx: Trx, fromBlock: number): Promise<void> {
  await trx.deleteFrom('excess_event').where('block', '>=', fromBlock).execute()
}

const eventOf = ({ kind, block, amount, last_block, value }: ExcessEventTable): ExcessEvent => {
  if (kind === 'asserted') return { kind, block, amount, lastBlock: last_block }
  if (kind === 'demanded' || kind === 'forced') return { kind, block, lastBlock: last_block }
  if (kind === 'opened') return { kind, block, amount, value }
  return { kind, block }
}

const keyOf = ({ home, period, resource }: Pick<ExcessEventTable, 'home' | 'period' | 'resource'>) => {
  const name = METERED[resource - 1]
  return name === undefined ? [] : [{ home, period, resource: name }]
}

/** What the chain told of an excess, in its order. */
export function storedEvents(db: Database | Trx, { resource, ...of }: ExcessKey): Promise<ExcessEvent[]> {
  return subjectEvents(db, { ...of, subject: resourceNumber(resource) })
}

/** What an excess is about, as the contract numbers it: a resource, or a loan of power. */
export interface ExcessSubject {
  readonly home: string
  readonly period: number
  readonly subject: number
}

/** The same of any subject. */
export async function subjectEvents(
  db: Database | Trx,
  { home, period, subject }: ExcessSubject,
): Promise<ExcessEvent[]> {
  const rows = await db
    .selectFrom('excess_event')
    .selectAll()
    .where('home', '=', home)
    .where('period', '=', period)
    .where('resource', '=', subject)
    .orderBy('block')
    .orderBy('log_index')
    .execute()
  return rows.map(eventOf)
}

/** How an excess stands at the block `head`, or null when nothing was said of it. */
export async function storedExcess(db: Database | Trx, key: ExcessKey, head: number): Promise<Excess | null> {
  return excessAt(await storedEvents(db, key), head)
}

/** The excesses that may still be in dispute at `head`: their last window is not over. */
export async function disputable(db: Database | Trx, head: number): Promise<ExcessKey[]> {
  const rows = await db
    .selectFrom('excess_event')
    .select(['home', 'period', 'resource'])
    .distinct()
    .where('last_block', '>=', head)
    .execute()
  return rows.flatMap(keyOf)
}

/** The newest excesses asserted, at most `limit`: newest period first. That there was none is none. */
export async function newestExcesses(db: Database, limit: number): Promise<ExcessKey[]> {
  const rows = await db
    .selectFrom('excess_event')
    .select(['home', 'period', 'resource'])
    .distinct()
    .where('amount', '>', 0)
    .orderBy('period', 'desc')
    .orderBy('resource')
    .limit(limit)
    .execute()
  return rows.flatMap(keyOf)
}
