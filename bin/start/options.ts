import { existsSync, mkdtempSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { badField } from '../../protocols/rules/fault.ts'
import type { PricesConfig } from '../host/market/price-source.ts'
import { durationMs } from './duration.ts'
import { pricesOf } from './price-flag.ts'
import { needsIsolation, parseFaults, type PlannedFault } from './faults.ts'

/** What `meterhood start` was asked for, as it was typed. */
export interface StartFlags {
  readonly homes: string
  readonly period: string
  readonly billing?: string
  readonly for?: string
  readonly report?: string
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
  readonly dataDir: string
  readonly temporary: boolean
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
  if (!existsSync(full)) throw badField(field, `a ${kind} that exists`, path)
  if (statSync(full).isDirectory() !== (kind === 'folder')) throw badField(field, `a ${kind}`, path)
  return full
}

function billingSlots(flags: StartFlags, sampleMs: number): number {
  const fallback = flags.for === undefined ? BILLING_DEFAULT_MS : SHORT_RUN_BILLING_MS
  const billingMs = flags.billing === undefined ? fallback : durationMs('--billing', flags.billing)
  const slots = Math.round(billingMs / sampleMs)
  if (slots < 2)
    throw badField(
      '--billing',
      'at least two sample periods (see --period)',
      flags.billing ?? `${billingMs} ms`,
    )
  return slots
}

function epochLength(flags: StartFlags, sampleMs: number): number | null {
  if (flags.epoch === undefined) return flags.for === undefined ? EPOCH_DEFAULT_MS : null
  const epochMs = durationMs('--epoch', flags.epoch)
  if (epochMs < LEAST_SLOTS_OF_EPOCH * sampleMs)
    throw badField('--epoch', `at least ${LEAST_SLOTS_OF_EPOCH} sample periods (see --period)`, flags.epoch)
  return epochMs
}

function dataFolder(flags: StartFlags): { dataDir: string; temporary: boolean } {
  if (flags.data !== undefined) return { dataDir: resolve(flags.data), temporary: false }
  if (flags.for === undefined) return { dataDir: resolve('.meterhood'), temporary: false }
  return { dataDir: mkdtempSync(join(tmpdir(), 'meterhood-')), temporary: true }
}

/** Checks the flags of `start`; throws a fault that names the flag and what it takes. */
export function readStartFlags(flags: StartFlags): StartOptions {
  const homes = wholeNumber('--homes', flags.homes, 1, HOMES_MAX)
  const sampleMs = durationMs('--period', flags.period)
  if (sampleMs < 500) throw badField('--period', 'at least 500ms', flags.period)
  const faults = flags.fault === undefined ? [] : parseFaults(flags.fault, homes)
  return {
    homes,
    sampleMs,
    slotsPerBilling: billingSlots(flags, sampleMs),
    runMs: flags.for === undefined ? null : durationMs('--for', flags.for),
    reportFile: flags.report === undefined ? null : resolve(flags.report),
    ...dataFolder(flags),
    chain: oneOf('--chain', flags.chain, ['embedded', 'geth']),
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
    databaseUrl: flags.database ?? null,
    prices: pricesOf(flags.prices, process.env),
  }
}
