import { Kysely } from 'kysely'
import { Fault } from '../../protocols/rules/fault.ts'
import type { Inspector } from '../inspection/inspector.ts'
import { foreignStore, guarded } from './fault.ts'
import type { StoreKind } from './migrations.ts'
import { checkVersion, migrate } from './migrate.ts'
import { LogSync } from './log-sync.ts'
import { postgresLink } from './postgres.ts'
import type { Database, Schema, Trx } from './schema.ts'
import { lockBeside, sqliteDialect, type SqliteOptions } from './sqlite.ts'

export type StoreTarget = SqliteOptions | { readonly url: string }

export interface Store {
  readonly kind: StoreKind
  /** The file or the database, without its password: for messages. */
  readonly where: string
  /**
   * Queries outside a transaction. Never wait for one inside `transaction`: SQLite has one connection,
   * which the transaction holds.
   */
  readonly db: Database
  /** Told of what the machines of this gateway do; only while a run is recorded. */
  readonly inspector?: Inspector
  /**
   * Commits everything `work` does through its `trx`, or nothing. Transactions run one after another.
   * Throws what `work` throws, or a store fault (`disk-full`, `store-corrupt`, `store-io`, …).
   */
  transaction<T>(work: (trx: Trx) => Promise<T>): Promise<T>
  /** Runs `then` once the transaction of `trx` is committed; never when it is rolled back. */
  afterCommit(trx: Trx, then: () => void): void
  close(): Promise<void>
}

interface Opened {
  readonly kind: StoreKind
  readonly where: string
  readonly db: Database
  /** Resolves when what was committed outlives a power cut. */
  readonly sync: () => Promise<void>
  readonly close: () => Promise<void>
}

function transactions(opened: Opened): Pick<Store, 'transaction' | 'afterCommit' | 'close'> {
  const followers = new WeakMap<Trx, (() => void)[]>()
  let last: Promise<unknown> = Promise.resolve()
  const runOne = <T>(work: (trx: Trx) => Promise<T>, after: (() => void)[]): Promise<T> =>
    opened.db.transaction().execute((trx) => {
      followers.set(trx, after)
      return work(trx)
    })
  return {
    transaction: (work) =>
      guarded(opened.where, async () => {
        const after: (() => void)[] = []
        const mine = last.then(() => runOne(work, after))
        last = mine.catch(() => undefined)
        const result = await mine
        await opened.sync()
        for (const follow of after) follow()
        return result
      }),
    afterCommit: (trx, then) => {
      const after = followers.get(trx)
      if (after === undefined)
        throw new Error('afterCommit: this transaction was not begun by store.transaction')
      after.push(then)
    },
    close: async () => {
      await last
      await opened.close()
    },
  }
}

async function openSqlite(options: SqliteOptions): Promise<Opened> {
  const where = options.file
  const keeps = options.readOnly !== true && where !== ':memory:'
  const lock = keeps ? lockBeside(where) : { release: () => undefined }
  try {
    const db = new Kysely<Schema>({ dialect: sqliteDialect(options) })
    const prepare = options.readOnly === true ? checkVersion : migrate
    await guarded(where, () => prepare(db, 'sqlite', where))
    const log = new LogSync(where)
    const close = async (): Promise<void> => {
      await log.close()
      await db.destroy()
      lock.release()
    }
    return { kind: 'sqlite', where, db, sync: keeps ? () => log.sync() : async () => undefined, close }
  } catch (thrown) {
    lock.release()
    throw thrown
  }
}

const withoutPassword = (url: string): string => url.replace(/\/\/([^:@/]*):[^@/]*@/u, '//$1:…@')

async function openPostgres(url: string): Promise<Opened> {
  const where = withoutPassword(url)
  const link = postgresLink(url)
  const db = new Kysely<Schema>({ dialect: link.dialect })
  try {
    const held = await guarded(where, () => link.lock())
    if (!held) throw new Fault('store-in-use', `${where}: another gateway is using this database`, { where })
    await guarded(where, () => migrate(db, 'postgres', where))
    const close = async (): Promise<void> => {
      await link.release()
      await db.destroy()
    }
    return { kind: 'postgres', where, db, sync: async () => undefined, close }
  } catch (thrown) {
    await link.release()
    await db.destroy()
    throw thrown
  }
}

/**
 * Opens a gateway's store and brings it to this program's schema (DESIGN §12). Throws a fault:
 * `store-foreign`, `store-corrupt`, `store-newer`, `store-in-use`, `store-unreachable`, `disk-full`.
 */
export async function openStore(target: StoreTarget, inspector?: Inspector): Promise<Store> {
  const opened = 'url' in target ? await openPostgres(target.url) : await openSqlite(target)
  return {
    kind: opened.kind,
    where: opened.where,
    db: opened.db,
    ...(inspector === undefined ? {} : { inspector }),
    ...transactions(opened),
  }
}

/**
 * Writes down whose store this is (role, account, chain, genesis …) the first time, and from then on
 * refuses to open it for anybody else: `store-foreign` names the first difference.
 */
export async function claimStore(store: Store, identity: Readonly<Record<string, string>>): Promise<void> {
  await store.transaction(async (trx) => {
    const rows = await trx.selectFrom('meta').selectAll().execute()
    const known = new Map(rows.map((row) => [row.key, row.value]))
    for (const [name, value] of Object.entries(identity)) {
      const key = `identity.${name}`
      const found = known.get(key)
      if (found === undefined) await trx.insertInto('meta').values({ key, value }).execute()
      else if (found !== value)
        throw foreignStore(store.where, `${name} is ${found}, this gateway’s is ${value}`)
    }
  })
}

/** Raises a counter of the report within the transaction that does what it counts. */
export async function count(trx: Trx, name: string, by = 1): Promise<void> {
  await trx
    .insertInto('counter')
    .values({ name, value: by })
    .onConflict((conflict) =>
      conflict.column('name').doUpdateSet((row) => ({ value: row('counter.value', '+', by) })),
    )
    .execute()
}
