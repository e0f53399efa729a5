import { PostgresDialect } from 'kysely'
import pg from 'pg'
import { badField } from '../../protocols/rules/fault.ts'
import { bindable } from './bindable.ts'

const { Pool, types } = pg

/** One writes at a time (store.ts); the others read. */
const MAX_CONNECTIONS = 4

/** A store that does not answer within this time is away. */
const CONNECT_TIMEOUT_MS = 10_000

/** "MTRH": the advisory lock that keeps a second gateway out of the same database. */
export const GATEWAY_LOCK = 0x4d545248

function integer(text: string): number {
  const value = Number(text)
  if (!Number.isSafeInteger(value)) throw badField('column', 'a safe integer', text)
  return value
}

const bytes = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text.slice(2), 'hex'))

const parsers = new Map<number, (text: string) => unknown>([
  [types.builtins.INT8, integer],
  [types.builtins.NUMERIC, integer],
  [types.builtins.BYTEA, bytes],
])

/** The same JavaScript values as SQLite gives: safe integers, plain bytes, text. */
const sameAsSqlite = {
  getTypeParser: (oid: number): ((text: string) => unknown) => parsers.get(oid) ?? ((text) => text),
}

/** A gateway that was killed holds its lock until the server notices; a living one holds it for longer. */
const LOCK_TRIES = 8
const LOCK_PAUSE_MS = 250

const TRY_LOCK = 'select pg_try_advisory_lock($1)::text as held'

export interface PostgresLink {
  readonly dialect: PostgresDialect
  /** Takes the database for this gateway alone; false when another holds it. */
  lock(): Promise<boolean>
  release(): Promise<void>
}

/** A client whose query parameters are checked before they leave. */
function guardedClient(client: pg.PoolClient): pg.PoolClient {
  return new Proxy(client, {
    get: (target, name): unknown => {
      const member: unknown = Reflect.get(target, name)
      if (typeof member !== 'function') return member
      return (...args: unknown[]): unknown => {
        const [first, parameters, ...rest] = args
        const checked = name === 'query' && Array.isArray(parameters)
        return Reflect.apply(member, target, checked ? [first, parameters.map(bindable), ...rest] : args)
      }
    },
  })
}

/** Connections to `url` (postgres://…); nothing is dialled before the first query. */
export function postgresLink(url: string): PostgresLink {
  const pool = new Pool({
    connectionString: url,
    max: MAX_CONNECTIONS,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    types: sameAsSqlite,
  })
  // A connection lost while idle is replaced at the next query; without a listener it would end the process.
  pool.on('error', () => undefined)
  let holder: pg.PoolClient | undefined
  return {
    dialect: new PostgresDialect({
      pool: { connect: async () => guardedClient(await pool.connect()), end: () => pool.end() },
    }),
    lock: async () => {
      const client = await pool.connect()
      for (let tried = 0; tried < LOCK_TRIES; tried += 1) {
        const asked = await client.query<{ held: string }>(TRY_LOCK, [GATEWAY_LOCK])
        if (asked.rows[0]?.held === 'true') {
          holder = client
          return true
        }
        await new Promise((resolve) => setTimeout(resolve, LOCK_PAUSE_MS))
      }
      client.release()
      return false
    },
    release: async () => {
      if (holder === undefined) return
      const client = holder
      holder = undefined
      await client.query('select pg_advisory_unlock($1)', [GATEWAY_LOCK]).catch(() => undefined)
      client.release(true)
    },
  }
}
