import { statSync } from 'node:fs'
import { resolve } from 'node:path'
import { DEFAULT_SIGNERS } from '../../chain/network/geth/genesis.ts'
import { badField } from '../../protocols/rules/fault.ts'
import type { PricesConfig } from '../host/market/price-source.ts'
import { durationMs, periodsOf } from './duration.ts'
import { pricesOf } from './price-flag.ts'
import { needsIsolation, parseFaults, type PlannedFault } from './faults.ts'

/** What `meterhood start` was asked for, as it was typed. */
export interface StartFlags {
  readonly homes: string
  readonly period: string
  readonly billing?: string
  readonly for?: string
  readonly report?: string
  readonly record?: string
  readonly data?: string
  readonly chain: string
  readonly boards: string
  readonly boardHex?: string
  readonly profiles?: string
  readonly blockTime: string
  readonly epoch?: string
  readonly batch?: string
  readonly isolate?: boolean
  readonly fault?: string
  readonly port: string
  readonly length: string
  readonly store: string
  readonly database?: string
  readonly prices?: string
}

/** The same, checked: numbers with units, paths that exist. */
export interface StartOptions {
  readonly homes: number
  readonly sampleMs: number
  readonly slotsPerBilling: number
  readonly runMs: number | null
  readonly reportFile: string | null
  readonly recordFile: string | null
  readonly dataDir: string
  readonly chain: 'embedded' | 'geth'
  readonly boards: 'firmware' | 'profile'
  readonly boardHex: string | null
  readonly profilesDir: string | null
  readonly blockTimeS: number
  /** How long an epoch's keys hold; null in a run that does not ask. */
  readonly epochMs: number | null
  readonly batch: number
  readonly isolate: boolean
  readonly faults: readonly PlannedFault[]
  readonly port: number
  readonly ringLength: number
  readonly profile: 'commitment' | 'storage'
  readonly databaseUrl: string | null
  readonly prices: PricesConfig
}

/** The same before anything is written: without a data folder of its own a run gets a fresh one. */
export type StartWish = Omit<StartOptions, 'dataDir'> & { readonly dataDir: string | null }

const BILLING_DEFAULT_MS = 30 * 86_400_000
const SHORT_RUN_BILLING_MS = 60_000
const EPOCH_DEFAULT_MS = 30 * 86_400_000
/** Homes exchange keys anew in each epoch: that takes a few blocks. */
const LEAST_SLOTS_OF_EPOCH = 5
const HOMES_MAX = 200
/** Half of what the contract takes in one call. */
const BATCH_MAX = 8

function wholeNumber(field: string, text: string, least: number, most: number): number {
  const value = Number(text)
  if (!Number.isInteger(value) || value < least || value > most) {
    throw badField(field, `a whole number from ${least} to ${most}`, text)
  }
  return value
}

function oneOf<T extends string>(field: string, text: string, choices: readonly T[]): T {
  const choice = choices.find((each) => each === text)
  if (choice === undefined) throw badField(field, choices.join(' or '), text)
  return choice
}

function existing(field: string, path: string | undefined, kind: 'file' | 'folder'): string | null {
  if (path === undefined) return null
  const full = resolve(path)
  const found = statSync(full, { throwIfNoEntry: false })
  if (found === undefined) throw badField(field, `a ${kind} that exists`, path)
  if (found.isDirectory() !== (kind === 'folder')) throw badField(field, `a ${kind}`, path)
  return full
}

function billingSlots(flags: StartFlags, sampleMs: number): number {
  if (flags.billing === undefined) {
    const billingMs = flags.for === undefined ? BILLING_DEFAULT_MS : SHORT_RUN_BILLING_MS
    return Math.max(2, Math.round(billingMs / sampleMs))
  }
  return periodsOf('--billing', flags.billing, flags.period, sampleMs)
}

function epochLength(flags: StartFlags, sampleMs: number): number | null {
  if (flags.epoch === undefined) return flags.for === undefined ? EPOCH_DEFAULT_MS : null
  const epochMs = durationMs('--epoch', flags.epoch)
  if (epochMs < LEAST_SLOTS_OF_EPOCH * sampleMs)
    throw badField('--epoch', `at least ${LEAST_SLOTS_OF_EPOCH} sample periods (see --period)`, flags.epoch)
  return epochMs
}

/** `postgres://user:password@host:port/database`, or nothing. */
export function databaseUrl(text: string | undefined): string | null {
  if (text === undefined) return null
  const url = URL.canParse(text) ? new URL(text) : null
  const named = url !== null && url.hostname !== '' && url.pathname.length > 1
  if (named && ['postgres:', 'postgresql:'].includes(url.protocol)) return text
  throw badField('--database', 'postgres://user:password@host:port/database', text)
}

function dataFolder(flags: StartFlags): string | null {
  if (flags.data !== undefined) return resolve(flags.data)
  return flags.for === undefined ? resolve('.meterhood') : null
}

/** Checks the flags of `start`; throws a fault that names the flag and what it takes. */
export function readStartFlags(flags: StartFlags): StartWish {
  const homes = wholeNumber('--homes', flags.homes, 1, HOMES_MAX)
  const sampleMs = durationMs('--period', flags.period)
  if (sampleMs < 500) throw badField('--period', 'at least 500ms', flags.period)
  const chain = oneOf('--chain', flags.chain, ['embedded', 'geth'])
  const signers = chain === 'geth' ? DEFAULT_SIGNERS : 0
  const faults = flags.fault === undefined ? [] : parseFaults(flags.fault, homes, signers)
  return {
    homes,
    sampleMs,
    slotsPerBilling: billingSlots(flags, sampleMs),
    runMs: flags.for === undefined ? null : durationMs('--for', flags.for),
    reportFile: flags.report === undefined ? null : resolve(flags.report),
    recordFile: flags.record === undefined ? null : resolve(flags.record),
    dataDir: dataFolder(flags),
    chain,
    boards: oneOf('--boards', flags.boards, ['firmware', 'profile']),
    boardHex: existing('--board-hex', flags.boardHex, 'file'),
    profilesDir: existing('--profiles', flags.profiles, 'folder'),
    blockTimeS: wholeNumber('--block-time', flags.blockTime, 1, 60),
    epochMs: epochLength(flags, sampleMs),
    batch: flags.batch === undefined ? 1 : wholeNumber('--batch', flags.batch, 1, BATCH_MAX),
    isolate: flags.isolate === true || needsIsolation(faults),
    faults,
    port: wholeNumber('--port', flags.port, 0, 65_000),
    ringLength: wholeNumber('--length', flags.length, 1, 10_000),
    profile: oneOf('--store', flags.store, ['commitment', 'storage']),
    databaseUrl: databaseUrl(flags.database),
    prices: pricesOf(flags.prices, process.env),
  }
}
