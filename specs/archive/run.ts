/**
 * `npm run test:archive`: a community on three signers is archived, begun anew, and begun anew again; each
 * archive that must be refused is offered. Needs Geth ("npx meterhood chain install") and a build.
 */
import { existsSync } from 'node:fs'
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { z } from 'zod'
import { buyAt, openAuctions, untilOneIsOpen } from './auctions.ts'
import { json, meterhood, readReport, refused, Running, type Report } from './meterhood.ts'
import { Table } from './table.ts'

const inMiB = (bytes: number): string => (bytes / MEBIBYTE).toFixed(2)

const backupSchema = z.object({
  height: z.number(),
  root: z.string(),
  previous: z.string(),
  anchored: z.boolean(),
  blocks: z.number(),
  transactions: z.number(),
  bytes: z.number(),
})
type Backup = z.infer<typeof backupSchema>
const sizeSchema = z.object({ before: z.number(), after: z.number() })
const restartSchema = z.object({ height: z.number(), genesisHash: z.string(), bytes: sizeSchema })

const LONG_MS = 180_000
const OPEN_LIMIT_MS = 30_000
const MEBIBYTE = 1024 * 1024
const HOMES = ['--homes', '3', '--boards', 'profile', '--period', '1', '--block-time', '1', '--port', '0']
const DAY_S = 86_400
/** The block period of the paper's figure. */
const PAPER_PERIOD_S = 10
const GIGABYTE = 1e9

const folder = await mkdtemp(join(tmpdir(), 'meterhood-archive-'))
const data = join(folder, 'data')
const at = (name: string): string => join(folder, name)
const table = new Table()

const start = (...more: string[]): string[] => ['start', '--chain', 'geth', '--data', data, ...HOMES, ...more]
const backup = (to: string): Promise<Backup> =>
  json(backupSchema, 'chain', 'backup', '--data', data, '--to', at(to))
const restart = (from: string) => json(restartSchema, 'chain', 'restart', '--data', data, '--from', at(from))
const restartWords = (from: string): string[] => ['chain', 'restart', '--data', data, '--from', at(from)]
const genesis = (): Promise<string> => readFile(join(data, 'chain', 'node-1', 'genesis.json'), 'utf8')

function must(isSo: boolean, what: string): void {
  if (!isSo) throw new Error(what)
}

/** Two verifications take their time on a busy machine, and the node must answer them. */
const VERIFIED_S = 45

/** Runs the community for a while and looks at its report: nothing lost, nothing twice, tokens conserved. */
async function goesOn(seconds: number, name: string): Promise<Report> {
  const community = new Running(start('--for', `${seconds}s`, '--report', at(name)))
  await community.says('3 of 3 operate', LONG_MS)
  await verified(community.rpc())
  const { code, stderr } = await community.ended
  must(code === 0, `start exits ${code}: ${stderr.trim().slice(0, 300)}`)
  const report = await readReport(at(name))
  const { lost, duplicates, sealed, decrypted } = report.totals
  must(lost === 0 && duplicates === 0, `${lost} lost, ${duplicates} twice`)
  must(sealed === decrypted, `${sealed} sealed, ${decrypted} decrypted`)
  const { supply, balances, escrow } = report.tokens
  must(BigInt(supply) === BigInt(balances) + BigInt(escrow), 'tokens came or went')
  return report
}

const verifySchema = z.object({ ok: z.boolean(), faults: z.array(z.object({ code: z.string() })) })

/** Any member verifies the chain, what is in its archives, and what its signers' votes made final. */
async function verified(rpc: string): Promise<void> {
  const contracts = join(data, 'community', 'contracts.json')
  const text = await meterhood('verify', '--rpc', rpc, '--contracts', contracts)
  must(text.code === 0, `verify exits ${text.code}: ${text.stderr || text.stdout}`)
  must(text.stdout.includes('blocks final by the votes'), `verify says nothing of votes: ${text.stdout}`)
  const { ok, faults } = await json(verifySchema, 'verify', '--rpc', rpc, '--contracts', contracts)
  must(ok && faults.length === 0, 'verify finds faults')
}

/** A copy of an archive in which the lines of a file were changed. */
async function altered(from: string, file: string, change: (lines: string[]) => string[]): Promise<string> {
  const name = `${from}-altered`
  await rm(at(name), { recursive: true, force: true })
  await cp(at(from), at(name), { recursive: true })
  const lines = (await readFile(join(at(name), file), 'utf8')).trimEnd().split('\n')
  await writeFile(
    join(at(name), file),
    change(lines)
      .map((line) => `${line}\n`)
      .join(''),
  )
  return name
}

async function refusals(from: string): Promise<void> {
  const before = await genesis()
  const changes: [string, string, (lines: string[]) => string[]][] = [
    ['truncated', 'ends after', (lines) => lines.slice(0, -3)],
    ['edited', 'is not as it was written', (lines) => lines.map((line) => line.replace('"0x', '"0xff'))],
    ['reordered', 'is out of its place', ([a = '', b = '', ...rest]) => [b, a, ...rest]],
  ]
  for (const file of ['state.jsonl', 'history.jsonl']) {
    for (const [name, words, change] of changes) {
      await table.row(`${file} ${name}`, async () => {
        return refused(words, ...restartWords(await altered(from, file, change)))
      })
    }
  }
  await table.row('statement edited', async () => {
    const name = await altered(from, 'archive.json', (lines) =>
      lines.map((line) => line.replace(/"height": \d+/, '"height": 999999')),
    )
    return refused('was changed after it was signed', ...restartWords(name))
  })
  await table.row('nothing was changed by the refused ones', async () => {
    must((await genesis()) === before, 'the chain is another')
    return 'the chain is as it was'
  })
}

async function liveBackup(): Promise<void> {
  const community = new Running(start('--for', '20m'))
  try {
    await table.row('a community on three signers, 1 s blocks', async () => {
      await community.says('3 of 3 operate', LONG_MS)
      await sleep(20_000)
      return '3 homes, 1 s samples'
    })
    await table.row('backup while it runs', async () => {
      const { height, anchored, transactions } = await backup('a1')
      must(anchored, 'it is not anchored')
      return `block ${height}, ${transactions} transactions, anchored`
    })
    await history(community.rpc())
    await table.row('restart while a node runs', () => refused('this node runs', ...restartWords('a1')))
    await table.row('an auction is open, and all is stopped', async () => {
      const [, ...homes] = await community.pages(LONG_MS)
      await buyAt(homes, OPEN_LIMIT_MS)
      return `${await untilOneIsOpen(community.rpc(), (await contractsOf()).trading, OPEN_LIMIT_MS)} open`
    })
  } finally {
    await community.stop('SIGTERM')
  }
}

const contractsOf = async () =>
  z
    .object({ trading: z.string() })
    .parse(JSON.parse(await readFile(join(data, 'community', 'contracts.json'), 'utf8')))

const exportSchema = z.object({
  height: z.number(),
  anchored: z.boolean(),
  counts: z.record(z.string(), z.number()),
})

/** The history outside the chain: exported twice, checked against its anchor, and what is refused of it. */
async function history(rpc: string): Promise<void> {
  const place = ['--data', data, '--rpc', rpc]
  const chain = ['--rpc', rpc, '--contracts', join(data, 'community', 'contracts.json')]
  const check = (name: string): string[] => ['archive', 'check', at(name), ...chain]
  const exported = (to: string) => json(exportSchema, 'archive', 'export', ...place, '--to', at(to))
  await table.row('history exported and anchored', async () => {
    const { height, anchored, counts } = await exported('h1')
    must(anchored, 'it is not anchored')
    return `block ${height}: ${counts.readings} readings, ${counts.trades} of trades`
  })
  await table.row('any member checks it against the anchor', async () => {
    const { anchored } = await json(exportSchema, ...check('h1'))
    must(anchored, 'it was not found on the chain')
    return 'whole, and the newest that the chain names'
  })
  const changes: [string, string, (lines: string[]) => string[]][] = [
    [
      'a record edited',
      'is not as it was written',
      (lines) => lines.map((line) => line.replace('"slot"', '"Slot"')),
    ],
    ['the tail dropped', 'ends after', (lines) => lines.slice(0, -1)],
    ['reordered', 'is out of its place', ([a = '', b = '', ...rest]) => [b, a, ...rest]],
  ]
  for (const [name, words, change] of changes) {
    await table.row(`history: ${name}`, async () =>
      refused(words, ...check(await altered('h1', 'readings.jsonl', change))),
    )
  }
  await table.row('history: an older copy', async () => {
    await exported('h2')
    return refused('is whole, and older', ...check('h1'))
  })
}

/** Whether the auctions that were open at the cut came to their end after it. */
async function carriedTrades(before: string, after: string): Promise<string> {
  const open = await openAuctions(at(before))
  must(open.length > 0, 'none was open at the cut')
  const still = await openAuctions(at(after), open)
  must(still.length === 0, `${still.length} of ${open.length} auctions hang`)
  return `${open.length} open at the cut, all settled after it`
}

function grown({ bytes, blocks }: { bytes: number; blocks: number }): string {
  const day = (bytes / blocks) * (DAY_S / PAPER_PERIOD_S)
  const year = (day * 365) / GIGABYTE
  const [block, perDay] = [(bytes / blocks / 1024).toFixed(1), (day / MEBIBYTE).toFixed(0)]
  return `${block} KiB a block so full; ${perDay} MiB a day, ${year.toFixed(1)} GB a year at 10 s`
}

/** Kills a restart as soon as it has made a file. */
async function interrupted(from: string, once: string): Promise<string> {
  const before = await genesis()
  const running = new Running(restartWords(from))
  const end = performance.now() + LONG_MS
  while (!existsSync(once)) {
    must(performance.now() < end, `the restart never makes ${once}`)
    await sleep(5)
  }
  await running.stop('SIGKILL')
  const same = (await genesis().catch(() => null)) === before
  return same ? 'the old chain stands whole' : 'the new chain stands whole'
}

async function secondHalf(first: Report): Promise<void> {
  await table.row('backup of the chain that was begun anew', async () => {
    const { height, previous, blocks } = await backup('a3')
    return `block ${height} over both chains, ${blocks} of this one, after ${previous.slice(0, 10)}…`
  })
  await table.row('trades that were open are carried over', () => carriedTrades('a2', 'a3'))
  await table.row('an older archive: of the chain before', () =>
    refused('begun anew after it', ...restartWords('a1')),
  )
  await table.row('second restart', async () => {
    const { bytes } = await restart('a3')
    return shownSizes(bytes)
  })
  await table.row('the community goes on again', async () => {
    const { totals, contracts, chain } = await goesOn(VERIFIED_S, 'r3.json')
    must(JSON.stringify(contracts) === JSON.stringify(first.contracts), 'contracts moved')
    return `${totals.included} readings over three chains, ${chain.blocks} blocks, 0 lost, 0 twice`
  })
}

function shownSizes({ before, after }: { before: number; after: number }): string {
  const part = Math.round((100 * after) / before)
  return `${inMiB(before)} MiB before, ${inMiB(after)} MiB after (${part} %)`
}

async function main(): Promise<void> {
  await liveBackup()
  let closing: Backup | undefined
  await table.row('backup where all nodes are stopped', async () => {
    closing = await backup('a2')
    return `block ${closing.height}, ${closing.transactions} transactions, ${inMiB(closing.bytes)} MiB`
  })
  await table.row('an older archive: a newer one is anchored', () =>
    refused('is anchored', ...restartWords('a1')),
  )
  await refusals('a2')
  await table.row('kill −9 of a restart that asks a node', () =>
    interrupted('a2', join(data, 'chain', 'node-1', 'geth.pid')),
  )
  await table.row('kill −9 in the middle of a restart', () => interrupted('a2', join(data, 'chain.next')))
  let sizes = { before: 0, after: 0 }
  await table.row('restart', async () => {
    const { bytes } = await restart('a2')
    sizes = bytes
    must(bytes.after < bytes.before, `it did not shrink: ${shownSizes(bytes)}`)
    return shownSizes(bytes)
  })
  await table.row('growth of a node’s chain', async () => {
    return grown({ bytes: sizes.before - sizes.after, blocks: closing?.blocks ?? 1 })
  })
  let report: Report | undefined
  await table.row('gateways move over by themselves', async () => {
    report = await goesOn(VERIFIED_S, 'r2.json')
    const { totals, chain } = report
    must(chain.blocks > (closing?.height ?? 0), 'heights began again')
    return `${totals.included} readings over both chains, 0 lost, 0 twice`
  })
  if (report !== undefined) await secondHalf(report)
}

try {
  await main()
} finally {
  await rm(folder, { recursive: true, force: true })
}
process.exit(table.end())
