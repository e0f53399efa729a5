import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { createReadStream, existsSync, mkdirSync, readdirSync } from 'node:fs'
import { chmod, copyFile, readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { promisify } from 'node:util'
import { z } from 'zod'
import { Fault, messageOf } from '../../../protocols/rules/fault.ts'
import { writeDurably } from '../chain-folder.ts'
import type { Ipc } from './ipc.ts'
import { NodeFolder } from './node-folder.ts'
import { storageFlags } from './flags.ts'
import { askAlone, layOutChain } from './process.ts'

const BLOCKS = 'chain.rlp.gz'
const MANIFEST = 'manifest.json'
/** A year of 10 s blocks is exported and imported within this time. */
const MOVE_LIMIT_MS = 3_600_000

const manifestSchema = z.object({
  version: z.literal(1),
  node: z.string(),
  head: z.object({ number: z.number().int().min(0), hash: z.string() }),
  /** SHA-256 of each file. */
  files: z.record(z.string(), z.string()),
})
export type BackupManifest = z.infer<typeof manifestSchema>

const headReply = z.object({ number: z.string().transform(Number), hash: z.string() })
const run = promisify(execFile)

/**
 * Copies what a running node is made of into an empty folder: its keys (those that sign stay encrypted), the
 * network, and every block. The password is left out on purpose. Faults: `folder-taken`, `backup-failed`.
 */
export async function backUp(node: NodeFolder, ipc: Ipc, to: string): Promise<BackupManifest> {
  mkdirSync(to, { recursive: true, mode: 0o700 })
  if (readdirSync(to).length > 0) {
    throw new Fault('folder-taken', `${to}: is not empty; name a new folder for the backup`, { to })
  }
  const head = await ipc.ask('eth_getBlockByNumber', ['latest', false], headReply)
  // Up to the head of now and no further: the chain grows while it is written.
  await ipc.ask('admin_exportChain', [join(to, BLOCKS), 0, head.number], z.literal(true), MOVE_LIMIT_MS)
  await chmod(join(to, BLOCKS), 0o600)
  const names = keptFiles(node)
  for (const name of names) {
    mkdirSync(dirname(join(to, name)), { recursive: true, mode: 0o700 })
    await copyFile(join(node.path, name), join(to, name))
  }
  const entries = [...names, BLOCKS].map(async (name) => [name, await digestOf(join(to, name))] as const)
  const files = Object.fromEntries(await Promise.all(entries))
  const manifest = { version: 1, node: node.card.name, head, files } as const
  await writeDurably(join(to, MANIFEST), `${JSON.stringify(manifest, null, 2)}\n`)
  return manifest
}

function keptFiles(node: NodeFolder): string[] {
  const keys = existsSync(node.keystore) ? readdirSync(node.keystore).map((key) => join('keystore', key)) : []
  const files = ['node.json', 'nodekey', 'network.json', 'genesis.json', 'votes.json', ...keys]
  return files.filter((name) => existsSync(join(node.path, name)))
}

async function digestOf(file: string): Promise<string> {
  const hash = createHash('sha256')
  await pipeline(createReadStream(file), hash)
  return hash.digest('hex')
}

/**
 * Makes a node from a backup, and checks that it ends up at the very block the backup was taken at. Faults:
 * `bad-backup` (names the file), `folder-taken`.
 */
export async function restore(
  program: string,
  from: string,
  to: string,
  password: string | null,
): Promise<{ node: NodeFolder; manifest: BackupManifest }> {
  const manifest = await readManifest(from)
  for (const [name, digest] of Object.entries(manifest.files)) {
    const found = await digestOf(join(from, name)).catch(() => null)
    if (found !== digest)
      throw badBackup(from, name, found === null ? 'is missing' : 'is not as it was written')
  }
  mkdirSync(to, { recursive: true, mode: 0o700 })
  if (readdirSync(to).length > 0) {
    throw new Fault('folder-taken', `${to}: is not empty; name a new folder for the node`, { to })
  }
  for (const name of Object.keys(manifest.files).filter((each) => each !== BLOCKS)) {
    mkdirSync(dirname(join(to, name)), { recursive: true, mode: 0o700 })
    await copyFile(join(from, name), join(to, name))
  }
  if (password !== null) await writeDurably(join(to, 'password'), `${password}\n`)
  const node = NodeFolder.open(to)
  await layOutChain(program, node)
  await importBlocks(program, node, join(from, BLOCKS))
  if (!(await holdsHead(program, node, manifest.head))) {
    throw badBackup(from, BLOCKS, `does not lead to block ${manifest.head.number}`)
  }
  return { node, manifest }
}

async function readManifest(from: string): Promise<BackupManifest> {
  try {
    return manifestSchema.parse(JSON.parse(await readFile(join(from, MANIFEST), 'utf8')))
  } catch {
    throw badBackup(from, MANIFEST, 'is missing or damaged')
  }
}

async function importBlocks(program: string, node: NodeFolder, blocks: string): Promise<void> {
  const flags = ['--datadir', node.path, '--gcmode', 'archive', ...storageFlags()]
  try {
    await run(program, [...flags, 'import', blocks], { timeout: MOVE_LIMIT_MS })
  } catch (thrown) {
    throw badBackup(dirname(blocks), BLOCKS, `geth does not take it (${messageOf(thrown).slice(-200)})`)
  }
}

/** Whether the backup's block is in the chain of the node. */
function holdsHead(program: string, node: NodeFolder, head: BackupManifest['head']): Promise<boolean> {
  const at = `0x${head.number.toString(16)}`
  return askAlone(program, node, async (ipc) => {
    const found = await ipc.ask('eth_getBlockByNumber', [at, false], headReply.nullable())
    return found?.hash === head.hash
  })
}

function badBackup(from: string, file: string, what: string): Fault {
  return new Fault('bad-backup', `${join(from, file)}: ${what}; take another backup`, { from, file })
}
