import { Fault } from '../../protocols/rules/fault.ts'

/** What a database says of itself when it refuses: SQLite's and PostgreSQL's codes are both short text. */
interface Refusal {
  readonly code: string
  readonly message: string
}

const asRefusal = (thrown: unknown): Refusal | undefined => {
  if (!(thrown instanceof Error) || thrown instanceof Fault) return undefined
  const code = 'code' in thrown && typeof thrown.code === 'string' ? thrown.code : ''
  return { code, message: thrown.message }
}

type Maker = (where: string, refusal: Refusal) => Fault

const fault =
  (code: string, sentence: (where: string) => string): Maker =>
  (where, refusal) =>
    new Fault(code, `${sentence(where)} (${refusal.message})`, { where, cause: refusal.code })

const diskFull = fault(
  'disk-full',
  (where) =>
    `${where}: no space left; nothing of this transaction was kept. Free some space, then start again`,
)
const corrupt = fault(
  'store-corrupt',
  (where) =>
    `${where}: the file is damaged. Move it and its -wal and -shm aside, ` +
    'restore a copy or start with an empty one: what the chain holds is read again from it, ' +
    'readings that were never sent are lost',
)
const foreign = fault(
  'store-foreign',
  (where) =>
    `${where}: not a store of this program, or encrypted with another key, ` +
    'or not encrypted where a key was given. Give the folder that belongs to this gateway, and its key',
)
const busy = fault(
  'store-in-use',
  (where) => `${where}: another process is using it. Stop that process, or give another --data folder`,
)
const unreachable = fault(
  'store-unreachable',
  (where) =>
    `${where}: cannot be opened. Check that it exists, that it may be written, and that its server runs`,
)
const broken = fault(
  'store-io',
  (where) =>
    `${where}: the disk refused to read or write. Check the disk; nothing of this transaction was kept`,
)

const BY_PREFIX: readonly (readonly [prefix: string, maker: Maker])[] = [
  ['SQLITE_FULL', diskFull],
  ['SQLITE_CORRUPT', corrupt],
  ['SQLITE_NOTADB', foreign],
  ['SQLITE_BUSY', busy],
  ['SQLITE_LOCKED', busy],
  ['SQLITE_CANTOPEN', unreachable],
  ['SQLITE_READONLY', unreachable],
  ['SQLITE_IOERR', broken],
  ['53100', diskFull],
  ['58', broken],
  ['XX001', corrupt],
  ['XX002', corrupt],
  ['28', unreachable],
  ['3D000', unreachable],
  ['57P', unreachable],
  ['08', unreachable],
  ['ENOSPC', diskFull],
  ['EIO', broken],
  ['ECONN', unreachable],
  ['ENOTFOUND', unreachable],
  ['ENOENT', unreachable],
]

/**
 * The fault behind what a database threw, or what was thrown when it is not about the database.
 * Codes: `disk-full`, `store-corrupt`, `store-foreign`, `store-in-use`, `store-unreachable`, `store-io`.
 */
export function storeFault(thrown: unknown, where: string): unknown {
  const refusal = asRefusal(thrown)
  if (refusal === undefined) return thrown
  if (refusal.message.includes('Unable to open connection')) return unreachable(where, refusal)
  const known = BY_PREFIX.find(([prefix]) => refusal.code.startsWith(prefix))
  return known === undefined ? thrown : known[1](where, refusal)
}

/** Runs `work`; what the database refuses becomes a fault that names `where`. */
export async function guarded<T>(where: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (thrown) {
    throw storeFault(thrown, where)
  }
}

/** The same for work that does not wait. */
export function guardedNow<T>(where: string, work: () => T): T {
  try {
    return work()
  } catch (thrown) {
    throw storeFault(thrown, where)
  }
}

/** The fault of a file whose pages or rows contradict themselves. */
export function corruptStore(where: string, detail: string): Fault {
  return corrupt(where, { code: 'check', message: detail })
}

/** The fault of a file that is not ours. */
export function foreignStore(where: string, detail: string): Fault {
  return foreign(where, { code: 'check', message: detail })
}
