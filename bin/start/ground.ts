import { existsSync, mkdtempSync, readdirSync, statSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { requirePort } from '../../chain/network/free-ports.ts'
import { FLASH_BYTES, parseIntelHex } from '../../hardware/board/intel-hex.ts'
import { loadProfiles, profileOfHome, type ProfileTable } from '../../hardware/board/profiles.ts'
import { badField, messageOf } from '../../protocols/rules/fault.ts'
import { openDataFolder, requireWritable } from '../host/data-folder.ts'
import { beginRecording } from '../host/recorder.ts'
import { bundledProfiles } from '../host/package-folder.ts'
import type { StartOptions, StartWish } from './options.ts'

/** What a run stands on: everything that was named is there and as it must be. */
export interface Ground {
  readonly options: StartOptions
  readonly profiles: ProfileTable
}

async function requireFirmware(file: string | null): Promise<void> {
  if (file === null) return
  const text = await readFile(file, 'utf8').catch((thrown: unknown) => {
    throw badField('--board-hex', 'a file that can be read', file, messageOf(thrown))
  })
  parseIntelHex(text, FLASH_BYTES, `--board-hex ${basename(file)}`)
}

function requireReport(file: string | null): void {
  if (file === null) return
  if (statSync(file, { throwIfNoEntry: false })?.isDirectory() === true) {
    throw badField('--report', 'a file', file)
  }
  requireWritable('--report', dirname(file))
}

/** The community page has the port that was named, each home one of those after it. */
async function requirePorts({ port, homes }: StartWish): Promise<void> {
  if (port === 0) return
  for (let each = port; each <= port + homes; each += 1) await requirePort(each)
}

/** A run's own folder has a chain, or a gateway that is older than its chain. */
function isOwn(path: string): boolean {
  const chain = join(path, 'chain')
  const nodes = existsSync(chain) ? readdirSync(chain) : []
  if (nodes.some((name) => name === 'chain.json' || name.startsWith('node-'))) return true
  return existsSync(join(path, 'community', 'secrets.json'))
}

function dataFolder(wish: StartWish): string {
  const path = wish.dataDir
  if (path === null) return mkdtempSync(join(tmpdir(), 'meterhood-'))
  openDataFolder('--data', path, () => isOwn(path))
  return path
}

/**
 * Looks at everything that the flags name before anything is started, and makes the data folder last. Throws
 * a fault that names the flag or the file.
 */
export async function layGround(wish: StartWish): Promise<Ground> {
  const profiles = await loadProfiles(wish.profilesDir ?? bundledProfiles())
  profileOfHome(profiles, wish.homes, wish.homes)
  await requireFirmware(wish.boardHex)
  requireReport(wish.reportFile)
  await requirePorts(wish)
  if (wish.recordFile !== null) beginRecording(wish.recordFile, 'anew')
  return { options: { ...wish, dataDir: dataFolder(wish) }, profiles }
}
