import { spawnSync } from 'node:child_process'
import { copyFile, mkdir, mkdtemp, open, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Libsql from 'libsql'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { storeFault } from '../../actors/storage/fault.ts'
import { openStore } from '../../actors/storage/store.ts'
import { codeOf, Fault, messageOf } from '../../protocols/rules/fault.ts'

let folder: string

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'meterhood-damage-'))
})

afterEach(async () => {
  await rm(folder, { recursive: true, force: true })
})

const file = (): string => join(folder, 'gateway.sqlite')

/** A store with a few hundred rows, closed. */
async function filled(): Promise<void> {
  const store = await openStore({ file: file() })
  await store.transaction(async (trx) => {
    for (let number = 0; number < 400; number += 1) {
      await trx
        .insertInto('journal')
        .values({ at_ms: number, kind: 'row', json: 'x'.repeat(200) })
        .execute()
    }
  })
  await store.close()
}

/** What opening gives: 'whole', 'fewer rows', or the code of the fault. */
async function opening(): Promise<string> {
  try {
    const store = await openStore({ file: file() })
    const rows = await store.db.selectFrom('journal').selectAll().execute()
    await store.close()
    return rows.length === 400 && rows.every((row) => row.json === 'x'.repeat(200)) ? 'whole' : 'wrong rows'
  } catch (thrown) {
    return codeOf(thrown)
  }
}

describe('a damaged store', () => {
  it('cut off anywhere is refused as damaged and says what to do', async () => {
    await filled()
    const { size } = await stat(file())
    const whole = join(folder, 'whole')
    await copyFile(file(), whole)
    for (let length = 512; length < size; length += 4096 + 512) {
      await copyFile(whole, file())
      await truncate(file(), length)
      const found = await opening()
      expect(['store-corrupt', 'store-foreign'], `cut at ${length}`).toContain(found)
    }
    await truncate(file(), 5000)
    const thrown: unknown = await openStore({ file: file() }).catch((fault: unknown) => fault)
    expect(thrown).toBeInstanceOf(Fault)
    expect(messageOf(thrown)).toMatch(/gateway\.sqlite: the file is damaged\. Move it/u)
  })

  it('with a page overwritten by zeros or by noise is refused, or whole', async () => {
    await filled()
    const { size } = await stat(file())
    const whole = join(folder, 'whole')
    await copyFile(file(), whole)
    for (let page = 0; page < size / 4096; page += 1) {
      await copyFile(whole, file())
      const handle = await open(file(), 'r+')
      await handle.write(Buffer.alloc(4096, page % 2 === 0 ? 0 : 0xa5), 0, 4096, page * 4096)
      await handle.close()
      expect(['store-corrupt', 'store-foreign', 'whole'], `page ${page}`).toContain(await opening())
    }
  })

  it('whose log is cut off half way keeps every transaction before the cut', async () => {
    const store = await openStore({ file: file() })
    for (let number = 0; number < 60; number += 1) {
      await store.transaction((trx) =>
        trx
          .insertInto('journal')
          .values({ at_ms: number, kind: 'row', json: 'x'.repeat(200) })
          .execute(),
      )
    }
    const torn = join(folder, 'torn.sqlite')
    await copyFile(file(), torn)
    const log = await readFile(`${file()}-wal`)
    await writeFile(`${torn}-wal`, log.subarray(0, Math.floor(log.length * 0.7)))
    await store.close()
    const again = await openStore({ file: torn })
    const rows = await again.db.selectFrom('journal').select('at_ms').orderBy('at_ms').execute()
    await again.close()
    expect(rows.length).toBeGreaterThan(5)
    expect(rows.length).toBeLessThan(60)
    expect(rows.map((row) => row.at_ms)).toEqual(rows.map((_, index) => index))
  })

  it('of another program is refused and stays as it is', async () => {
    const other = new Libsql(file())
    other.exec('create table holidays (name text)')
    other.close()
    const before = await readFile(file())
    expect(await opening()).toBe('store-foreign')
    expect(await readFile(file())).toEqual(before)
    await writeFile(file(), 'my shopping list\n'.repeat(100))
    expect(await opening()).toBe('store-foreign')
  })

  it('that is a folder, or in a folder that does not exist, is unreachable', async () => {
    await mkdir(file())
    expect(await opening()).toBe('store-unreachable')
    const lost = openStore({ file: join(folder, 'none', 'gateway.sqlite') })
    await expect(lost).rejects.toMatchObject({ code: 'store-unreachable' })
  })
})

const mounted = (size: string): boolean => {
  if (process.getuid?.() !== 0) return false
  return spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${size}`, 'tmpfs', folder]).status === 0
}

const canMount = process.getuid?.() === 0

describe('a full disk', () => {
  it.skipIf(!canMount)(
    'takes nothing of the transaction, keeps all before it, and goes on when there is room',
    async () => {
      expect(mounted('4m')).toBe(true)
      try {
        const store = await openStore({ file: file() })
        await store.transaction((trx) => trx.insertInto('meta').values({ key: 'kept', value: '1' }).execute())
        const large = store.transaction(async (trx) => {
          await trx.insertInto('meta').values({ key: 'lost', value: '1' }).execute()
          for (let number = 0; number < 100; number += 1) {
            const bytes = new Uint8Array(100_000)
            await trx.insertInto('refused').values({ at_ms: number, code: 'x', detail: '', bytes }).execute()
          }
        })
        await expect(large).rejects.toMatchObject({ code: 'disk-full' })
        const rows = await store.db
          .selectFrom('meta')
          .select('key')
          .where('key', 'in', ['kept', 'lost'])
          .execute()
        expect(rows).toEqual([{ key: 'kept' }])
        expect(await store.db.selectFrom('refused').select('id').execute()).toEqual([])
        await store.transaction((trx) =>
          trx.insertInto('meta').values({ key: 'after', value: '1' }).execute(),
        )
        await store.close()
      } finally {
        // libsql keeps a closed file open until its statements are collected.
        spawnSync('umount', ['-l', folder])
      }
    },
  )

  it('is named the same on PostgreSQL', () => {
    const thrown = Object.assign(new Error('could not extend file: No space left on device'), {
      code: '53100',
    })
    expect(storeFault(thrown, 'here')).toMatchObject({ code: 'disk-full' })
  })
})
