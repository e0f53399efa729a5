import Libsql from 'libsql'
import { SqliteDialect, type SqliteDatabase, type SqliteStatement } from 'kysely'
import { bindable } from './bindable.ts'
import { corruptStore, foreignStore, guardedNow } from './fault.ts'

/** How many prepared statements are kept; the queries of a gateway are about a hundred. */
const MAX_STATEMENTS = 256

/** "MTRH" in SQLite's application id: a file that carries another is not ours. */
const APPLICATION_ID = 0x4d545248

type Connection = InstanceType<typeof Libsql>

export interface SqliteOptions {
  readonly file: string
  /** Encrypts the whole file (AES-256-CBC): text or 32 bytes. */
  readonly encryptionKey?: Uint8Array | string
  /** For tools that look at a living gateway's file: nothing is written, nothing is locked. */
  readonly readOnly?: boolean
}

/** libsql returns blobs as ArrayBuffer; the rest of the product speaks Uint8Array. */
function plainRow(row: unknown): unknown {
  if (typeof row !== 'object' || row === null) return row
  for (const [column, value] of Object.entries(row)) {
    if (value instanceof ArrayBuffer) Object.assign(row, { [column]: new Uint8Array(value) })
  }
  return row
}

class GuardedStatement implements SqliteStatement {
  readonly reader: boolean
  readonly #statement: ReturnType<Connection['prepare']>
  readonly #where: string

  constructor(statement: ReturnType<Connection['prepare']>, where: string) {
    this.#statement = statement
    this.#where = where
    this.reader = statement.reader
  }

  all(parameters: readonly unknown[]): unknown[] {
    const bound = parameters.map(bindable)
    return guardedNow(this.#where, () => this.#statement.all(bound).map(plainRow))
  }

  run(parameters: readonly unknown[]): { changes: number | bigint; lastInsertRowid: number | bigint } {
    const bound = parameters.map(bindable)
    return guardedNow(this.#where, () => this.#statement.run(bound))
  }

  *iterate(parameters: readonly unknown[]): IterableIterator<unknown> {
    yield* this.all(parameters)
  }
}

/** SQLite may have rolled back by itself (disk full); a second rollback would hide why. */
const ALREADY_ROLLED_BACK: SqliteStatement = {
  reader: false,
  all: () => [],
  run: () => ({ changes: 0, lastInsertRowid: 0 }),
  iterate: () => [].values(),
}

/** What the store threw, or undefined. */
function storeSaid(work: () => unknown): unknown {
  try {
    work()
    return undefined
  } catch (thrown) {
    return thrown
  }
}

/** One connection with its statements prepared once. */
class GuardedDatabase implements SqliteDatabase {
  readonly #connection: Connection
  readonly #where: string
  readonly #keeper: boolean
  readonly #statements = new Map<string, GuardedStatement>()

  constructor(connection: Connection, { file, readOnly = false }: SqliteOptions) {
    this.#connection = connection
    this.#where = file
    this.#keeper = !readOnly
  }

  prepare(sql: string): SqliteStatement {
    if (sql === 'rollback' && !this.#connection.inTransaction) return ALREADY_ROLLED_BACK
    const kept = this.#statements.get(sql)
    if (kept !== undefined) return kept
    const made = guardedNow(
      this.#where,
      () => new GuardedStatement(this.#connection.prepare(sql), this.#where),
    )
    if (this.#statements.size >= MAX_STATEMENTS) this.#statements.clear()
    this.#statements.set(sql, made)
    return made
  }

  close(): void {
    this.#statements.clear()
    // libsql leaves the log behind as long as a statement of the connection lives, so it is emptied here.
    // On a full disk that fails, and the log stays: the next opening reads it.
    if (this.#keeper) storeSaid(() => this.#connection.pragma('wal_checkpoint(TRUNCATE)'))
    this.#connection.close()
  }
}

function pragmaNumber(connection: Connection, name: string): number {
  const rows: unknown = connection.pragma(name)
  const first: unknown = Array.isArray(rows) ? rows[0] : undefined
  if (typeof first !== 'object' || first === null) return 0
  const value: unknown = Object.values(first)[0]
  return typeof value === 'number' ? value : 0
}

function tableCount(connection: Connection): number {
  const rows = connection.prepare("select count(*) as n from sqlite_master where type = 'table'").all([])
  const first = rows[0]
  return typeof first === 'object' && first !== null && 'n' in first ? Number(first.n) : 0
}

/** Refuses a database of another program before anything is written to it. */
function checkOwner(connection: Connection, file: string): void {
  const id = pragmaNumber(connection, 'application_id')
  if (id === APPLICATION_ID) return
  if (id !== 0 || tableCount(connection) > 0) {
    throw foreignStore(file, `application id ${id}, expected ${APPLICATION_ID}`)
  }
}

function checkPages(connection: Connection, file: string): void {
  const rows: unknown = connection.pragma('quick_check')
  const said = JSON.stringify(rows)
  if (said !== '[{"quick_check":"ok"}]') throw corruptStore(file, said.slice(0, 200))
}

const keyText = (key: Uint8Array | string): string =>
  typeof key === 'string' ? key : Buffer.from(key).toString('hex')

function connect({ file, encryptionKey, readOnly = false }: SqliteOptions): Connection {
  const options = {
    timeout: 5000,
    ...(encryptionKey === undefined ? {} : { encryptionKey: keyText(encryptionKey) }),
  }
  const connection = new Libsql(file, options)
  checkOwner(connection, file)
  checkPages(connection, file)
  if (readOnly) {
    connection.pragma('query_only = ON')
    return connection
  }
  connection.pragma('journal_mode = WAL')
  // The log reaches the disk by LogSync, before a transaction counts as committed.
  connection.pragma('synchronous = NORMAL')
  // What is deleted is overwritten: an erased key is not to be found in the file.
  connection.pragma('secure_delete = ON')
  connection.pragma(`application_id = ${APPLICATION_ID}`)
  return connection
}

/**
 * Kysely's dialect over one libsql connection.
 * Throws a fault: `store-foreign`, `store-corrupt`, `store-unreachable`, `store-in-use`.
 */
export function sqliteDialect(options: SqliteOptions): SqliteDialect {
  const connection = guardedNow(options.file, () => connect(options))
  return new SqliteDialect({ database: new GuardedDatabase(connection, options) })
}

/**
 * Holds a file for this process alone until released or until the process ends, however it ends: the lock
 * is the operating system's, taken by an exclusive transaction on an empty database beside the store.
 */
export function lockBeside(file: string): { release(): void } {
  const connection = guardedNow(file, () => {
    const made = new Libsql(`${file}.lock`, { timeout: 0 })
    made.exec('begin exclusive')
    return made
  })
  return { release: () => connection.close() }
}
