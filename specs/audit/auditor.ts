import { spawn, spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { z } from 'zod'
import { auditPython } from '../../bin/host/cache-folder.ts'

const SCRIPT = fileURLToPath(new URL('audit.py', import.meta.url))

const count = z.number().int().min(0)

/** What a market came to, as the report has it and as the auditor counts it. */
export const Trades = z.object({
  offered: count,
  awarded: count,
  failed: count,
  failedBecause: z.record(z.string(), count),
  delivered: count,
  offerToSettledMs: z.object({ p50: count.nullable() }),
})
export const Tokens = z.object({ supply: z.string(), balances: z.string(), escrow: z.string() })

const Audited = z.object({
  ok: z.boolean(),
  trades: Trades,
  tokens: Tokens,
  checked: z.object({ auctions: count, seals: count, exchanges: count, transactions: count }),
  signers: z.record(z.string(), count),
  auctions: z.array(
    z.object({
      buyer: z.string(),
      winner: z.string().nullable(),
      price: z.string().nullable(),
      failed: z.string().nullable(),
      bids: count,
      reveals: count,
    }),
  ),
  faults: z.array(z.object({ name: z.string(), auction: z.string().nullable(), says: z.string() })),
})

/** Whether this machine has the auditor's Python packages. */
export const hasAuditor = spawnSync(auditPython(), ['-c', 'import web3']).status === 0

/** Runs the auditor; `code` is 0 when all holds, 1 with faults. */
export async function audit(...flags: string[]) {
  const child = spawn(auditPython(), ['-B', SCRIPT, ...flags], { stdio: ['ignore', 'pipe', 'pipe'] })
  const said = { stdout: '', stderr: '' }
  child.stdout.on('data', (part: Buffer) => (said.stdout += part.toString()))
  child.stderr.on('data', (part: Buffer) => (said.stderr += part.toString()))
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', resolve)
  })
  if (code !== 0 && code !== 1) throw new Error(`the auditor could not read: ${said.stderr}`)
  return { code, ...Audited.parse(JSON.parse(said.stdout)) }
}
export type Audit = Awaited<ReturnType<typeof audit>>
