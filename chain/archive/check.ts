import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { archiveFault } from './fault.ts'
import { archivedBlocks } from './history.ts'
import { checkedEntries } from './lines.ts'
import { nextHash, Roots } from './next-genesis.ts'
import { accountSchema, type ArchivedAccount } from './state-root.ts'
import { HISTORY_FILE, readStatement, STATE_FILE, type SignedStatement, type Statement } from './statement.ts'

/** A whole archive, and what it holds. */
export interface CheckedArchive extends SignedStatement {
  readonly folder: string
  readonly accounts: number
  readonly words: number
  readonly blocks: number
  readonly transactions: number
}

/** The accounts of an archive, checked line by line. Faults as of `checkedEntries`. */
export async function* archivedAccounts(
  folder: string,
  statement: Statement,
): AsyncGenerator<ArchivedAccount> {
  const path = join(folder, STATE_FILE)
  for await (const entry of checkedEntries(path, 'state', statement.state)) {
    const account = accountSchema.safeParse(entry)
    if (account.success) yield account.data
    else throw archiveFault('archive-edited', `${path}: holds a line that is no account`, { path })
  }
}

/**
 * Checks an archive whole: who signed it, every line of its files, and that its accounts are all accounts of
 * the archived block and none else. Faults: `archive-unreadable`, `archive-truncated`, `archive-edited`,
 * `archive-reordered`.
 */
export async function checkArchive(folder: string): Promise<CheckedArchive> {
  const signed = await readStatement(folder)
  const { statement, next } = signed
  for (const file of [STATE_FILE, HISTORY_FILE]) requireFile(join(folder, file))
  const state = await checkState(folder, statement, next)
  const history = await checkHistory(folder, statement)
  return { ...signed, folder, ...state, ...history }
}

function requireFile(path: string): void {
  if (existsSync(path)) return
  const message = `${path}: is missing; take the archive again from where it was made, or another copy of it`
  throw archiveFault('archive-truncated', message, { path })
}

async function checkState(folder: string, statement: Statement, next: string) {
  const roots = new Roots()
  let [accounts, words] = [0, 0]
  for await (const account of archivedAccounts(folder, statement)) {
    await roots.add(account, statement)
    accounts += 1
    words += Object.keys(account.storage).length
  }
  const isState = (await roots.now.value()) === statement.block.stateRoot
  const isNext = (await nextHash(statement, await roots.next.value())) === next
  if (isState && isNext) return { accounts, words }
  const path = join(folder, STATE_FILE)
  const message = `${path}: is not the state of block ${statement.block.height}; take another archive`
  throw archiveFault('archive-edited', message, { path })
}

async function checkHistory(folder: string, statement: Statement) {
  let [blocks, transactions, last] = [0, 0, '']
  for await (const block of archivedBlocks(folder, statement)) {
    blocks += 1
    transactions += block.receipts.length
    last = block.hash
  }
  if (last === statement.block.hash || blocks === 0) return { blocks, transactions }
  const path = join(folder, HISTORY_FILE)
  const message = `${path}: does not end at block ${statement.block.height}; take another archive`
  throw archiveFault('archive-edited', message, { path })
}
