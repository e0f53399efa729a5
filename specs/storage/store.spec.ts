import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { sql } from 'kysely'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { MIGRATIONS } from '../../actors/storage/migrations.ts'
import { migrate } from '../../actors/storage/migrate.ts'
import { claimStore, count, openStore, type Store, type StoreTarget } from '../../actors/storage/store.ts'
import { messageOf } from '../../protocols/rules/fault.ts'
import { type Cluster, postgresExpected, startCluster } from './cluster.ts'

let folder: string
let cluster: Cluster | undefined
const opened: Store[] = []

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'meterhood-store-'))
  if (postgresExpected) cluster = await startCluster()
})

afterEach(async () => {
  for (const store of opened.splice(0)) await store.close()
})

afterAll(async () => {
  await cluster?.stop()
  await rm(folder, { recursive: true, force: true })
})

let files = 0
const freshFile = (): string => join(folder, `store-${(files += 1)}.sqlite`)

async function open(target: StoreTarget): Promise<Store> {
  const store = await openStore(target)
  opened.push(store)
  return store
}

async function shut(store: Store): Promise<void> {
  opened.splice(opened.indexOf(store), 1)
  await store.close()
}

const freshDatabase = (): { url: string } => {
  if (cluster === undefined) throw new Error('no PostgreSQL')
  return { url: cluster.database() }
}

const kinds: [name: string, target: () => StoreTarget, present: boolean][] = [
  ['SQLite', () => ({ file: freshFile() }), true],
  ['SQLite, encrypted', () => ({ file: freshFile(), encryptionKey: new Uint8Array(32).fill(7) }), true],
  ['PostgreSQL', freshDatabase, postgresExpected],
]

const envelope = (slot: number, wire: Uint8Array) => ({
  home: '0x00000000000000000000000000000000000000aa',
  slot,
  wire,
  points: new Uint8Array(132).fill(2),
  sequence: 1,
  epoch: 0,
  delegation: 0,
  extended: new Uint8Array(32),
  block: 7,
  block_hash: '0x01',
  tx_hash: '0x02',
  log_index: 0,
  seen_at_ms: 1_700_000_000_000,
})

describe.each(kinds)('a store on %s', (_name, target, present) => {
  it.skipIf(!present)('gives back every integer and every byte as it was put in', async () => {
    const store = await open(target())
    const rows = fc.record({
      slot: fc.maxSafeNat(),
      wire: fc.uint8Array({ maxLength: 300 }),
    })
    await fc.assert(
      fc.asyncProperty(rows, async ({ slot, wire }) => {
        await store.db.deleteFrom('envelope').execute()
        await store.db.insertInto('envelope').values(envelope(slot, wire)).execute()
        const read = await store.db.selectFrom('envelope').selectAll().execute()
        expect(read).toEqual([envelope(slot, wire)])
      }),
      { numRuns: 60 },
    )
  })

  it.skipIf(!present)('has the four columns that outsiders rely on in table envelope', async () => {
    const store = await open(target())
    await store.db
      .insertInto('envelope')
      .values(envelope(3, new Uint8Array([1, 2])))
      .execute()
    const read = await sql`select home, slot, wire, points from envelope`.execute(store.db)
    expect(read.rows).toHaveLength(1)
  })

  it.skipIf(!present)('keeps all of a transaction or nothing of it', async () => {
    const store = await open(target())
    const failing = store.transaction(async (trx) => {
      await trx.insertInto('meta').values({ key: 'a', value: '1' }).execute()
      throw new Error('half way')
    })
    await expect(failing).rejects.toThrow('half way')
    await store.transaction((trx) => trx.insertInto('meta').values({ key: 'b', value: '2' }).execute())
    const keys = await store.db.selectFrom('meta').select('key').where('key', 'in', ['a', 'b']).execute()
    expect(keys).toEqual([{ key: 'b' }])
  })

  it.skipIf(!present)(
    'runs transactions one after another, so that none reads what another half did',
    async () => {
      const store = await open(target())
      await store.transaction((trx) => count(trx, 'samples', 0))
      const raise = () =>
        store.transaction(async (trx) => {
          const row = await trx
            .selectFrom('counter')
            .select('value')
            .where('name', '=', 'samples')
            .executeTakeFirst()
          await new Promise((resolve) => setTimeout(resolve, 1))
          await trx
            .updateTable('counter')
            .set({ value: (row?.value ?? 0) + 1 })
            .execute()
        })
      await Promise.all(Array.from({ length: 20 }, raise))
      expect(await store.db.selectFrom('counter').selectAll().execute()).toEqual([
        { name: 'samples', value: 20 },
      ])
    },
  )

  it.skipIf(!present)('tells who waits for a commit after it, and never after a rollback', async () => {
    const store = await open(target())
    const told: string[] = []
    await store.transaction(async (trx) => {
      store.afterCommit(trx, () => told.push('kept'))
      await count(trx, 'x')
      expect(told).toEqual([])
    })
    const failing = store.transaction(async (trx) => {
      store.afterCommit(trx, () => told.push('lost'))
      throw new Error('no')
    })
    await expect(failing).rejects.toThrow('no')
    expect(told).toEqual(['kept'])
  })

  it.skipIf(!present)('counts upwards by name', async () => {
    const store = await open(target())
    await store.transaction(async (trx) => {
      await count(trx, 'sealed')
      await count(trx, 'sealed', 4)
      await count(trx, 'rejected')
    })
    const counters = await store.db.selectFrom('counter').selectAll().orderBy('name').execute()
    expect(counters).toEqual([
      { name: 'rejected', value: 1 },
      { name: 'sealed', value: 5 },
    ])
  })

  it.skipIf(!present)('refuses a number that would lose digits, and a boolean', async () => {
    const store = await open(target())
    const put = (value: number) => store.transaction((trx) => count(trx, 'x', value))
    await expect(put(2 ** 60)).rejects.toMatchObject({ code: 'bad-field' })
    const flag = sql`insert into meta values ('flag', ${true})`.execute(store.db)
    await expect(flag).rejects.toMatchObject({ code: 'bad-field' })
    expect(await store.db.selectFrom('counter').selectAll().execute()).toEqual([])
  })

  it.skipIf(!present)('is the same after it was closed and opened', async () => {
    const where = target()
    const first = await open(where)
    await first.db
      .insertInto('envelope')
      .values(envelope(9, new Uint8Array([9])))
      .execute()
    await shut(first)
    const second = await open(where)
    expect(await second.db.selectFrom('envelope').selectAll().execute()).toEqual([
      envelope(9, new Uint8Array([9])),
    ])
  })

  it.skipIf(!present)('is opened by one gateway at a time', async () => {
    const where = target()
    await open(where)
    await expect(openStore(where)).rejects.toMatchObject({ code: 'store-in-use' })
  })

  it.skipIf(!present)('belongs to the gateway that claimed it', async () => {
    const where = target()
    const store = await open(where)
    await claimStore(store, { role: 'home', account: '0xaa', chain: '31337' })
    await claimStore(store, { role: 'home', account: '0xaa', chain: '31337' })
    const another = await claimStore(store, { role: 'home', account: '0xbb' }).catch(
      (fault: unknown) => fault,
    )
    expect(another).toMatchObject({ code: 'store-foreign' })
    expect(messageOf(another)).toContain('account is 0xaa')
  })

  it.skipIf(!present)('refuses a schema of a later version', async () => {
    const where = target()
    const store = await open(where)
    await store.db.updateTable('meta').set({ value: '99' }).where('key', '=', 'schema').execute()
    await shut(store)
    await expect(openStore(where)).rejects.toMatchObject({ code: 'store-newer', facts: { found: 99 } })
  })

  it.skipIf(!present)('stays at the last whole version when a migration breaks', async () => {
    const store = await open(target())
    const broken = async (db: Store['db']) => {
      await db.schema.createTable('half').addColumn('a', 'text').execute()
      throw new Error('power cut')
    }
    const migrating = migrate(store.db, store.kind, 'here', [...MIGRATIONS, broken])
    await expect(migrating).rejects.toThrow('power cut')
    await expect(sql`select * from half`.execute(store.db)).rejects.toThrow()
    await migrate(store.db, store.kind, 'here')
  })
})

describe('a store on PostgreSQL', () => {
  it('that does not answer is named without its password', async () => {
    const url = 'postgres://meterhood:secret@127.0.0.1:1/none'
    const nobody = await openStore({ url }).catch((fault: unknown) => fault)
    expect(nobody).toMatchObject({ code: 'store-unreachable' })
    expect(messageOf(nobody)).not.toContain('secret')
  })

  it.skipIf(!postgresExpected)(
    'refuses a database where another program keeps a table called meta',
    async () => {
      const where = freshDatabase()
      const store = await open(where)
      await store.db.updateTable('meta').set({ value: 'wiki' }).where('key', '=', 'application').execute()
      await shut(store)
      await expect(openStore(where)).rejects.toMatchObject({ code: 'store-foreign' })
    },
  )
})

describe('an encrypted store', () => {
  const key = 'a key of the home'

  it('has no readable text in any of its files, even in the write-ahead log', async () => {
    const file = freshFile()
    const store = await open({ file, encryptionKey: key })
    await store.db
      .insertInto('meta')
      .values({ key: 'name', value: 'Mary Poppins, Cherry Tree Lane' })
      .execute()
    const log = await readFile(`${file}-wal`)
    expect(log.length).toBeGreaterThan(4096)
    expect(log.includes('Mary Poppins')).toBe(false)
    await shut(store)
    const main = await readFile(file)
    expect(main.length).toBeGreaterThan(4096)
    expect(main.includes('Mary Poppins')).toBe(false)
    expect(main.includes('SQLite format')).toBe(false)
  })

  it.each([['another key'], [undefined]])('is refused with %s', async (wrong) => {
    const file = freshFile()
    await shut(await open({ file, encryptionKey: key }))
    const target = wrong === undefined ? { file } : { file, encryptionKey: wrong }
    await expect(openStore(target)).rejects.toMatchObject({ code: 'store-foreign' })
    await shut(await open({ file, encryptionKey: key }))
  })

  it('is not made of a plain one by giving a key', async () => {
    const file = freshFile()
    await shut(await open({ file }))
    await expect(openStore({ file, encryptionKey: key })).rejects.toMatchObject({ code: 'store-foreign' })
  })
})
