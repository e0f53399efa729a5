import { existsSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import type { Command } from 'commander'
import { archivesBeside } from '../../chain/archive/places.ts'
import { findGeth } from '../../chain/network/geth/install.ts'
import { certificateFile, readCertificate } from '../../chain/certificate-file.ts'
import { type Checked, reportJson, type VerifyFault, type VerifyReport } from '../../chain/verify/report.ts'
import { cannotRead } from '../../chain/verify/rpc.ts'
import { hasGethNodes, openSavedGeth } from '../../chain/verify/saved-geth.ts'
import { openSaved, type SavedCommunity } from '../../chain/verify/saved.ts'
import { readContracts } from '../../chain/verify/target.ts'
import { verifyCommunity } from '../../chain/verify/verify.ts'
import type { Certificate } from '../../protocols/crypto/certificate.ts'
import { messageOf } from '../../protocols/rules/fault.ts'
import { gethPlaces } from '../host/cache-folder.ts'

interface VerifyFlags {
  readonly rpc?: string
  readonly contracts?: string
  readonly data?: string
  readonly archives?: string
  readonly certificate?: string
  readonly json?: true
}

/** Exit codes of DESIGN §13. */
const WHOLE = 0
const FAULTY = 1
const UNREADABLE = 2
const INTERRUPTED = 130

/** Faults printed in full; the count of the others follows. `--json` gives all of them. */
const SHOWN = 20

/** Adds `meterhood verify`. */
export function registerVerifyCommand(program: Command): void {
  program
    .command('verify')
    .description('check a community from its chain: keys, order, commitments, totals, and the node itself')
    .option('--rpc <url>', 'JSON-RPC of a node of the chain')
    .option('--contracts <file>', 'the run’s report, contracts.json, or monitoring=0x…,quota=0x…')
    .option('--data <dir>', 'data folder of a community: its saved chain, and its rows compared with it')
    .option('--archives <dir>', 'archives that the chain was begun anew from (those beside the contracts)')
    .option(
      '--certificate <file>',
      'certificate.json of a gateway: a final block (that beside the contracts)',
    )
    .option('--json', 'print the report as JSON')
    .action(async (flags: VerifyFlags) => {
      // Leaving by `exit` lets what was started for the verification be ended.
      process.once('SIGINT', () => process.exit(INTERRUPTED))
      process.exitCode = await runVerify(flags)
    })
}

/** Verifies, prints, and answers the exit code: 0 whole, 1 a fault, 2 nothing could be judged. */
export async function runVerify(flags: VerifyFlags): Promise<number> {
  let community: SavedCommunity | null = null
  try {
    community = await communityOf(flags)
    const report = await verifyCommunity(community.target)
    console.log(flags.json === true ? reportJson(report) : reportText(report))
    return report.ok ? WHOLE : FAULTY
  } catch (thrown) {
    console.error(`verify: ${messageOf(thrown)}`)
    return UNREADABLE
  } finally {
    await community?.close()
  }
}

async function communityOf(flags: VerifyFlags): Promise<SavedCommunity> {
  const known = flags.contracts === undefined ? null : await readContracts(flags.contracts)
  if (flags.data !== undefined) {
    if (flags.rpc !== undefined) throw cannotRead('--data and --rpc were both given', 'give one of them')
    if (!hasGethNodes(flags.data)) return openSaved(flags.data, known, process.env.PATH ?? '')
    return openSavedGeth(flags.data, known, await findGeth(gethPlaces()))
  }
  const rpc = flags.rpc ?? known?.rpc ?? null
  if (known === null || rpc === null) {
    throw cannotRead('nothing to verify was named', 'give --rpc URL with --contracts FILE, or --data DIR')
  }
  const { contracts, chainId, genesisHash } = known
  const more = { archives: archivesOf(flags), certificates: await certificatesOf(flags) }
  const target = { rpc, contracts, chainId, genesisHash, rows: null, ...more }
  return { target, close: async () => undefined }
}

/** Where the contracts were named by a file, a gateway's folder is around it. */
const gatewayOf = ({ contracts }: VerifyFlags): string | null =>
  contracts !== undefined && existsSync(contracts) ? dirname(resolve(contracts)) : null

function archivesOf(flags: VerifyFlags): string | null {
  if (flags.archives !== undefined) return resolve(flags.archives)
  const gateway = gatewayOf(flags)
  return gateway === null ? null : archivesBeside(gateway)
}

async function certificatesOf(flags: VerifyFlags): Promise<Certificate[]> {
  const gateway = gatewayOf(flags)
  const file = flags.certificate ?? (gateway === null ? null : certificateFile(gateway))
  const found = file === null ? null : await readCertificate(file)
  if (found !== null) return [found]
  if (flags.certificate === undefined) return []
  throw cannotRead(`--certificate ${flags.certificate} is none`, 'give certificate.json of a gateway')
}

const LINES = [
  ['keys', 'keys announced and published'],
  ['envelopes', 'envelopes, in order, as their homes signed them'],
  ['commitments', 'commitments of four points'],
  ['totals', 'community totals opened'],
  ['trades', 'auctions: seals, phases, winners, prices, quota, payments, tokens'],
  ['delegations', 'delegations'],
] as const

/** What each line of the table answers for; a fault of any other code belongs to the chain. */
const LINE_OF: Readonly<Record<string, keyof Checked | 'final'>> = {
  certificate: 'final',
  final: 'final',
  'community-key': 'keys',
  'operation-key': 'keys',
  'unknown-epoch': 'keys',
  'unknown-home': 'envelopes',
  recipient: 'envelopes',
  order: 'envelopes',
  payload: 'envelopes',
  calldata: 'envelopes',
  digest: 'envelopes',
  point: 'commitments',
  anchor: 'commitments',
  void: 'commitments',
  opening: 'commitments',
  total: 'totals',
  auction: 'trades',
  'sealed-value': 'trades',
  award: 'trades',
  exchange: 'trades',
  payment: 'trades',
  tokens: 'trades',
}

/** A short table with ticks, then a plain sentence for each fault. */
export function reportText({ checked, faults, blocks, final, ok }: VerifyReport): string {
  const broken: ReadonlySet<string> = new Set(faults.map(lineOf))
  const row = (name: keyof Checked | 'chain' | 'final', count: number, what: string) =>
    `${broken.has(name) ? '✗' : '✓'} ${String(count).padStart(7)}  ${what}`
  const table = [row('chain', blocks, 'blocks: headers, parents, roots, logs, state, quotas')]
  if (final !== null || broken.has('final')) {
    table.push(row('final', final === null ? 0 : final + 1, 'blocks final by the votes of their signers'))
  }
  for (const [name, what] of LINES) table.push(row(name, checked[name], what))
  const sentences = faults.slice(0, SHOWN).map(({ code, says }) => `  ${code}: ${says}`)
  const left = faults.length > SHOWN ? [`… and ${faults.length - SHOWN} more (--json gives all)`] : []
  const verdict = ok
    ? 'Whole: nothing was changed.'
    : faults.length === 1
      ? '1 fault:'
      : `${faults.length} faults:`
  return [...table, '', verdict, ...sentences, ...left].join('\n')
}

/** A row that differs belongs to what the row is of: a home's envelope, or a total of no home. */
function lineOf({ code, home }: VerifyFault): keyof Checked | 'chain' | 'final' {
  if (code.startsWith('row-')) return home === null ? 'totals' : 'envelopes'
  return LINE_OF[code] ?? 'chain'
}
