import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { checkArchive } from '../../../chain/archive/check.ts'
import { SeriesWriter } from '../../../chain/archive/lines.ts'
import {
  HISTORY_FILE,
  readStatement,
  STATE_FILE,
  STATEMENT_FILE,
  writeStatement,
} from '../../../chain/archive/statement.ts'
import { Fault } from '../../../protocols/rules/fault.ts'
import { accounts, folder, writeArchive } from './written.ts'

const whole = async (): Promise<string> => {
  const path = folder(onTestFinished)
  await writeArchive(path)
  return path
}

type Change = (lines: string[]) => string[]

/** What is said of an archive in which a file's lines were changed. */
async function saidOf(file: string, change: Change): Promise<Fault> {
  const path = await whole()
  const lines = (await readFile(join(path, file), 'utf8')).split('\n').slice(0, -1)
  await writeFile(
    join(path, file),
    change(lines)
      .map((line) => `${line}\n`)
      .join(''),
  )
  const said = await checkArchive(path).catch((thrown: unknown) => thrown)
  if (!(said instanceof Fault)) throw new Error('the archive passed')
  return said
}

const swapped: Change = ([first = '', second = '', ...rest]) => [second, first, ...rest]
const changed =
  (at: number, from: RegExp, to: string): Change =>
  (lines) =>
    lines.map((line, index) => (index === at ? line.replace(from, to) : line))

it('takes a whole archive, and says what it holds', async () => {
  const checked = await checkArchive(await whole())
  expect(checked).toMatchObject({ accounts: accounts.length, words: 1, blocks: 5, transactions: 0 })
})

for (const file of [STATE_FILE, HISTORY_FILE]) {
  it(`names what was done to ${file}, and says what to do`, async () => {
    const fix = 'take the archive again'
    const cut = await saidOf(file, (lines) => lines.slice(0, -2))
    expect(cut.code).toBe('archive-truncated')
    expect(cut.message).toContain(`${file}: ends after`)
    expect(cut.message).toContain(fix)

    const torn = await saidOf(file, (lines) => [...lines.slice(0, -1), lines.at(-1)?.slice(0, 20) ?? ''])
    expect(torn.code).toBe('archive-truncated')

    const edited = await saidOf(file, changed(2, /[1-9](?=[0-9a-f]{3})/, '0'))
    expect(edited.code).toBe('archive-edited')
    expect(edited.message).toContain('line 3 is not as it was written')
    expect(edited.message).toContain(fix)

    const moved = await saidOf(file, swapped)
    expect(moved.code).toBe('archive-reordered')
    expect(moved.message).toContain('line 1 is out of its place')

    const added = await saidOf(file, (lines) => [...lines, lines.at(-1) ?? ''])
    expect(added.code).toBe('archive-edited')
    const none = await saidOf(file, () => [])
    expect(none.code).toBe('archive-truncated')
  })
}

it('sees an account that was changed and linked anew, though its file is well made', async () => {
  const path = await whole()
  const writer = await SeriesWriter.begin(join(path, 'other'), 'state')
  for (const [index, account] of accounts.entries()) {
    await writer.add(index === 3 ? { ...account, balance: '5' } : { ...account })
  }
  await writer.end()
  await writeFile(join(path, STATE_FILE), await readFile(join(path, 'other')))
  await expect(checkArchive(path)).rejects.toMatchObject({ code: 'archive-edited' })
})

it('sees a statement that was changed, or signed by somebody else', async () => {
  const path = await whole()
  const signed = await readStatement(path)
  const { statement } = signed
  await writeStatement(path, { ...signed, statement: { ...statement, signers: [] } })
  await expect(checkArchive(path)).rejects.toMatchObject({ code: 'archive-edited' })
  await writeStatement(path, { ...signed, next: statement.origin })
  await expect(checkArchive(path)).rejects.toMatchObject({ code: 'archive-edited' })
  await writeFile(join(path, STATEMENT_FILE), '{')
  await expect(checkArchive(path)).rejects.toMatchObject({ code: 'archive-unreadable' })
})
