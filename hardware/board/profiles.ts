import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parse } from 'csv-parse/sync'
import { Fault, badField, messageOf } from '../../protocols/rules/fault.ts'

/** A home's column of the profiles folder, in whole numbers so that sums are exact. */
export interface HomeProfile {
  readonly home: string
  /** Mean power drawn, mW, one per row. */
  readonly loadMw: readonly number[]
  /** Mean photovoltaic power, mW; empty for a home without. */
  readonly pvMw: readonly number[]
  /** Water drawn within the row, uL; empty when the folder has no water. */
  readonly waterUl: readonly number[]
}

/** A profiles folder: one row is one sample period, whatever its own step was (DESIGN §13). */
export interface ProfileTable {
  readonly folder: string
  /** From one row to the next in the recorded time, ms. */
  readonly stepMs: number
  /** Home k is the k-th of these. */
  readonly homes: readonly HomeProfile[]
}

/** A file of the folder, as text. */
export interface ProfileFile {
  readonly name: string
  readonly text: string
}

export interface ProfileFiles {
  readonly folder: string
  readonly electricity: ProfileFile
  readonly pv?: ProfileFile
  readonly water?: ProfileFile
}

/** Rows that a file may have: a year of minutes. */
export const PROFILE_ROWS_MAX = 527_040
/** A value no home reaches, in the file's own unit; beyond it a row is a slip of the pen. */
const VALUE_MAX = 1_000_000

/**
 * Reads a profiles folder: electricity_w.csv, and pv_w.csv and water_l.csv when they are there.
 * @throws Fault `profiles-missing`, or `bad-profile` naming file, line, column and the fix.
 */
export async function loadProfiles(folder: string): Promise<ProfileTable> {
  const electricity = await readIfThere(folder, 'electricity_w.csv')
  if (electricity === undefined) {
    const message = `profiles folder ${folder}: electricity_w.csv is missing; choose a folder that has it`
    throw new Fault('profiles-missing', message, { folder, file: 'electricity_w.csv' })
  }
  const pv = await readIfThere(folder, 'pv_w.csv')
  const water = await readIfThere(folder, 'water_l.csv')
  return parseProfiles({ folder, electricity, ...(pv && { pv }), ...(water && { water }) })
}

async function readIfThere(folder: string, name: string): Promise<ProfileFile | undefined> {
  try {
    return { name, text: await readFile(join(folder, name), 'utf8') }
  } catch (thrown) {
    if (thrown instanceof Error && 'code' in thrown && thrown.code === 'ENOENT') return undefined
    const message = `profiles file ${join(folder, name)} cannot be read: ${messageOf(thrown)}`
    throw new Fault('profiles-missing', message, { folder, file: name })
  }
}

/** The table of a folder's files. Homes without a column in pv or water have none of it. */
export function parseProfiles(files: ProfileFiles): ProfileTable {
  const electricity = parseFile(files.electricity, 1_000)
  const pv = files.pv && parseFile(files.pv, 1_000)
  const water = files.water && parseFile(files.water, 1_000_000)
  if (pv !== undefined && pv.stepMs !== electricity.stepMs)
    throw unequalSteps(files, electricity.stepMs, pv.stepMs)
  const homes = electricity.names.map((home) => ({
    home,
    loadMw: electricity.columns.get(home) ?? [],
    pvMw: pv?.columns.get(home) ?? [],
    waterUl: water?.columns.get(home) ?? [],
  }))
  return { folder: files.folder, stepMs: electricity.stepMs, homes }
}

/**
 * The profile of home `number` (from 1) when `homes` are asked for.
 * @throws Fault `too-many-homes` naming both numbers.
 */
export function profileOfHome(table: ProfileTable, number: number, homes: number): HomeProfile {
  const columns = table.homes.length
  const profile = table.homes[number - 1]
  if (homes > columns || profile === undefined) {
    const asked = Math.max(homes, number)
    const has = `${table.folder}/electricity_w.csv has ${columns} columns of homes`
    const message = `${asked} homes asked for, ${has}; ask for at most ${columns} or add columns`
    throw new Fault('too-many-homes', message, { homes: asked, columns, folder: table.folder })
  }
  return profile
}

interface ParsedFile {
  readonly names: readonly string[]
  readonly stepMs: number
  readonly columns: ReadonlyMap<string, readonly number[]>
}

function parseFile(file: ProfileFile, scale: number): ParsedFile {
  const [header, ...rows] = records(file)
  if (header === undefined) throw badCell(file, 1, 'time', 'a header `time,<home id>…`', '', 'add the header')
  const names = checkHeader(file, header)
  if (rows.length < 2)
    throw badCell(file, rows.length + 1, 'time', 'at least two rows', rows.length, 'add rows')
  if (rows.length > PROFILE_ROWS_MAX) {
    throw badCell(
      file,
      PROFILE_ROWS_MAX + 2,
      'time',
      `at most ${PROFILE_ROWS_MAX} rows`,
      rows.length,
      'split the file',
    )
  }
  const columns = new Map(names.map((name) => [name, new Array<number>()]))
  rows.forEach((row, index) => {
    if (row.length !== header.length) {
      throw badCell(file, index + 2, 'row', `${header.length} cells`, row.length, 'complete the row')
    }
    names.forEach((name, at) =>
      columns.get(name)?.push(cell(file, index + 2, name, row[at + 1] ?? '', scale)),
    )
  })
  return { names, stepMs: stepOf(file, rows), columns }
}

function records(file: ProfileFile): string[][] {
  try {
    return parse(file.text, { bom: true, relaxColumnCount: true, skipEmptyLines: true, trim: true })
  } catch (thrown) {
    const line = thrown instanceof Error && 'lines' in thrown ? Number(thrown.lines) : 1
    throw badCell(file, line, 'row', 'comma separated values', messageOf(thrown), 'mend the quotes')
  }
}

function checkHeader(file: ProfileFile, [time, ...names]: readonly string[]): string[] {
  if (time !== 'time') throw badCell(file, 1, 'time', 'the first column named time', time, 'rename it')
  if (names.length === 0) throw badCell(file, 1, 'home', 'one column for each home', 'none', 'add columns')
  names.forEach((name, at) => {
    if (name === '') throw badCell(file, 1, `column ${at + 2}`, 'the name of a home', '', 'name it')
    if (names.indexOf(name) !== at) throw badCell(file, 1, name, 'each home once', 'twice', 'rename one')
  })
  return names
}

function cell(file: ProfileFile, line: number, column: string, text: string, scale: number): number {
  const value = text === '' ? NaN : Number(text)
  if (!Number.isFinite(value) || value < 0 || value > VALUE_MAX) {
    throw badCell(
      file,
      line,
      column,
      `a number from 0 to ${VALUE_MAX}`,
      text,
      'write a plain number, or 0 for none',
    )
  }
  return Math.round(value * scale)
}

function stepOf(file: ProfileFile, rows: readonly (readonly string[])[]): number {
  let before = timeOf(file, 2, rows[0]?.[0])
  const step = timeOf(file, 3, rows[1]?.[0]) - before
  if (step <= 0)
    throw badCell(file, 3, 'time', 'a time after the row before', rows[1]?.[0], 'sort the rows by time')
  rows.slice(1).forEach((row, index) => {
    const at = timeOf(file, index + 3, row[0])
    if (at - before !== step) {
      throw badCell(
        file,
        index + 3,
        'time',
        `${step / 1000} s after the row before`,
        row[0],
        'fill the gap: steps are equal',
      )
    }
    before = at
  })
  return step
}

/** A local time without zone is read as UTC, so that a change of clocks makes no unequal step. */
function timeOf(file: ProfileFile, line: number, text = ''): number {
  const at = /^\d+$/.test(text)
    ? Number(text) * 1000
    : Date.parse(/[zZ]|[+-]\d\d:\d\d$/.test(text) ? text : `${text}Z`)
  if (!Number.isFinite(at))
    throw badCell(file, line, 'time', 'a time like 2021-06-01T00:15', text, 'write ISO 8601')
  return at
}

function badCell(
  file: ProfileFile,
  line: number,
  column: string,
  expected: string,
  got: unknown,
  fix: string,
): Fault {
  const { facts, message } = badField(`${file.name} line ${line} column ${column}`, expected, got, fix)
  return new Fault('bad-profile', message, { ...facts, file: file.name, line, column, fix })
}

function unequalSteps(files: ProfileFiles, electricityMs: number, pvMs: number): Fault {
  const steps = `pv_w.csv has steps of ${pvMs / 1000} s, electricity_w.csv of ${electricityMs / 1000} s`
  const message = `${steps}; give both the same`
  return new Fault('bad-profile', message, { file: 'pv_w.csv', folder: files.folder, electricityMs, pvMs })
}
