import { existsSync } from 'node:fs'
import { mkdir, readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { Interface, keccak256, type LogDescription } from 'ethers'
import { z } from 'zod'
import { ENVELOPE_BYTES } from '../../protocols/messages/record.ts'
import type { TypedDataSigner } from '../../protocols/crypto/registration.ts'
import { Fault } from '../../protocols/rules/fault.ts'
import { monitoringAbi } from '../bindings/monitoring.gen.ts'
import { tradingAbi } from '../bindings/trading.gen.ts'
import type { Contracts } from '../contracts-file.ts'
import { renameDurably } from '../network/chain-folder.ts'
import type { Ask } from './anchored.ts'
import {
  EXPORTED,
  exportAnchorable,
  fileOf,
  readExport,
  sealExport,
  type Exported,
  type SignedExport,
} from './export-statement.ts'
import { checkedEntries, SeriesWriter, type Entry } from './lines.ts'
import { NO_ARCHIVE } from './statement.ts'

const monitoring = new Interface(monitoringAbi)
const trading = new Interface(tradingAbi)
/** Blocks whose events are asked for at once. */
const PAGE = 1_000
const DELEGATION_EVENTS = ['DelegationRegistered', 'DelegationEnded', 'RewardClaimed', 'RewardReturned']
/** 0x and two digits a byte. */
const ENVELOPE_DIGITS = 2 + 2 * ENVELOPE_BYTES

const quantity = z.string().transform(Number)
const logsReply = z.array(
  z.object({
    address: z.string().transform((text) => text.toLowerCase()),
    topics: z.array(z.string()),
    data: z.string(),
    blockNumber: quantity,
    transactionHash: z.string(),
  }),
)
type Log = z.output<typeof logsReply>[number]
const headerReply = z.object({ hash: z.string() })
const at = (height: number): string => `0x${height.toString(16)}`

export interface Exporting {
  readonly ask: Ask
  readonly contracts: Contracts
  /** The newest block to export: a final one. */
  readonly height: number
  readonly previous: SignedExport | null
  readonly signer: TypedDataSigner
  readonly to: string
}

/** Writes what the chain's events say of readings, trades and delegations, signed. Fault: `folder-taken`. */
export async function exportHistory(exporting: Exporting): Promise<SignedExport> {
  const { ask, contracts, height, to, signer, previous } = exporting
  if (existsSync(to) && (await readdir(to)).length > 0) {
    throw new Fault('folder-taken', `${to}: is not empty; name a new folder for the export`, { to })
  }
  const folder = `${to}.part`
  await rm(folder, { recursive: true, force: true })
  await mkdir(folder, { recursive: true, mode: 0o700 })
  const { hash } = headerReply.parse(await ask('eth_getBlockByNumber', [at(height), false]))
  const series = await writeFiles(folder, exporting)
  const statement = {
    ...({ version: 1, kind: 'history' } as const),
    chainId: contracts.chainId,
    origin: contracts.genesisHash,
    community: contracts.community.toLowerCase(),
    archive: contracts.archive.toLowerCase(),
    monitoring: contracts.monitoring.toLowerCase(),
    trading: contracts.trading.toLowerCase(),
    block: { height, hash },
    previous: previous === null ? NO_ARCHIVE : exportAnchorable(previous.statement).root,
    ...series,
  }
  const signed = await sealExport(folder, statement, signer)
  await renameDurably(folder, to)
  return signed
}

async function writeFiles(folder: string, { ask, contracts, height }: Exporting) {
  const begin = (name: Exported) => SeriesWriter.begin(join(folder, fileOf(name)), name)
  const writers = {
    readings: await begin('readings'),
    trades: await begin('trades'),
    delegations: await begin('delegations'),
  }
  for (let from = contracts.deployedAtBlock; from <= height; from += PAGE) {
    const address = [contracts.monitoring, contracts.trading]
    const filter = { address, fromBlock: at(from), toBlock: at(Math.min(height, from + PAGE - 1)) }
    for (const log of logsReply.parse(await ask('eth_getLogs', [filter]))) {
      const told = toldBy(log, contracts)
      if (told !== null) await writers[told.file].add(told.entry)
    }
  }
  return {
    readings: await writers.readings.end(),
    trades: await writers.trades.end(),
    delegations: await writers.delegations.end(),
  }
}

function toldBy(log: Log, contracts: Contracts): { file: Exported; entry: Entry } | null {
  const isTrade = log.address === contracts.trading.toLowerCase()
  const parsed = (isTrade ? trading : monitoring).parseLog(log)
  if (parsed === null) return null
  const place = { block: log.blockNumber, transaction: log.transactionHash, event: parsed.name }
  if (isTrade) return { file: 'trades', entry: { ...place, ...valuesOf(parsed) } }
  if (parsed.name === 'Reading') return { file: 'readings', entry: { ...place, ...commitmentOf(parsed) } }
  if (!DELEGATION_EVENTS.includes(parsed.name)) return null
  return { file: 'delegations', entry: { ...place, ...valuesOf(parsed) } }
}

const plain = (value: unknown): unknown => {
  if (typeof value === 'bigint') return value.toString()
  return Array.isArray(value) ? value.map(plain) : value
}

const valuesOf = ({ args, fragment }: LogDescription): Entry =>
  Object.fromEntries(fragment.inputs.map(({ name }, index) => [name, plain(args[index])]))

/** Of a reading its commitments, and the digests that the contract keeps of the rest. */
function commitmentOf(parsed: LogDescription): Entry {
  const { payload, ...values } = valuesOf(parsed)
  const bytes = z.string().parse(payload)
  const envelope = keccak256(bytes.slice(0, ENVELOPE_DIGITS))
  return { ...values, envelope, points: `0x${bytes.slice(ENVELOPE_DIGITS)}` }
}

/** An export that is whole: how many lines each file has. */
export interface CheckedExport extends SignedExport {
  readonly counts: Readonly<Record<Exported, number>>
}

/** Checks an export's signature and every line. Faults as of `checkedEntries`, and of `readExport`. */
export async function checkExport(folder: string): Promise<CheckedExport> {
  const signed = await readExport(folder)
  const counts = { readings: 0, trades: 0, delegations: 0 }
  for (const name of EXPORTED) {
    const entries = checkedEntries(join(folder, fileOf(name)), name, signed.statement[name])
    while ((await entries.next()).done !== true) counts[name] += 1
  }
  return { ...signed, counts }
}
