import {
  mkdirSync,
  openSync,
  closeSync,
  readdirSync,
  rmdirSync,
  rmSync,
  statfsSync,
  writeSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { badField, Fault, messageOf } from '../../protocols/rules/fault.ts'

/** A gateway's database and its log need this much before they hold anything worth keeping. */
const SPACE_LEAST_BYTES = 16 * 1024 * 1024
/** What a file system of its own has in an empty folder. */
const NOBODYS = 'lost+found'

const codeOfSystem = (thrown: unknown): unknown =>
  thrown instanceof Error && 'code' in thrown ? thrown.code : null

function noDisk(field: string, path: string, why: string): Fault {
  const message = `${field}: ${path} cannot be written (${why}); free the disk or name another folder`
  return new Fault('no-disk', message, { field, path })
}

/** What a folder holds; nothing when it is not there. */
function entriesOf(field: string, path: string): string[] {
  try {
    return readdirSync(path).filter((entry) => entry !== NOBODYS)
  } catch (thrown) {
    const code = codeOfSystem(thrown)
    if (code === 'ENOENT') return []
    if (code === 'ENOTDIR') throw badField(field, 'a folder', path)
    throw noDisk(field, path, messageOf(thrown))
  }
}

/** Makes a folder and those above it, one by one: Node never comes back from `recursive` in /proc. */
function makeFolder(path: string): string[] {
  try {
    mkdirSync(path, { mode: 0o700 })
    return [path]
  } catch (thrown) {
    const code = codeOfSystem(thrown)
    if (code === 'EEXIST') return []
    if (code !== 'ENOENT' || dirname(path) === path) throw thrown
  }
  const above = makeFolder(dirname(path))
  mkdirSync(path, { mode: 0o700 })
  return [...above, path]
}

/** Writes a file into the folder, and takes it away again. Throws what the system says. */
function tryToWrite(path: string): void {
  const file = join(path, `.write-${process.pid}`)
  const opened = openSync(file, 'wx', 0o600)
  try {
    writeSync(opened, 'a line of a log')
  } finally {
    closeSync(opened)
    rmSync(file, { force: true })
  }
}

/** Faults: `bad-field` when there is no such folder, `no-disk` when it takes no file. */
export function requireWritable(field: string, path: string): void {
  try {
    tryToWrite(path)
  } catch (thrown) {
    const code = codeOfSystem(thrown)
    if (code === 'ENOENT' || code === 'ENOTDIR') throw badField(field, 'a folder that exists', path)
    throw noDisk(field, path, messageOf(thrown))
  }
}

/**
 * Makes a data folder, or goes on with one that is empty or, by what it holds, the caller's own. Faults:
 * `foreign-folder` (it holds something else), `no-disk` (it cannot be written, or has no space), `bad-field`.
 */
export function openDataFolder(field: string, path: string, isOwn: (entries: string[]) => boolean): void {
  const entries = entriesOf(field, path)
  if (entries.length > 0 && !isOwn(entries)) {
    const found = entries.sort().slice(0, 3).join(', ')
    const message = `${field}: ${path} holds something else (${found}); name an empty folder or a new one`
    throw new Fault('foreign-folder', message, { field, path })
  }
  const made: string[] = []
  try {
    made.push(...makeFolder(path))
    tryToWrite(path)
    const { bavail, bsize } = statfsSync(path)
    if (bavail * bsize < SPACE_LEAST_BYTES) throw new Error('less than 16 MB are free')
  } catch (thrown) {
    for (const each of made.reverse()) rmdirSync(each)
    throw noDisk(field, path, messageOf(thrown))
  }
}
