import { homedir } from 'node:os'
import { join } from 'node:path'
import type { Places } from '../../chain/network/geth/install.ts'

/** Where this product keeps programs that it built: the account's own cache folder. */
export function cacheFolder(): string {
  const { XDG_CACHE_HOME: given = '' } = process.env
  const mac = process.platform === 'darwin'
  const usual = mac ? join(homedir(), 'Library', 'Caches') : join(homedir(), '.cache')
  return join(given === '' ? usual : given, 'meterhood')
}

/** The Python of the market's auditor (specs/audit), which `specs/audit/install.sh` sets up. */
export function auditPython(): string {
  const { METERHOOD_AUDIT: given = '' } = process.env
  return join(given === '' ? join(cacheFolder(), 'audit') : given, 'bin', 'python')
}

/** Where Geth is looked for on this machine. */
export function gethPlaces(): Places {
  return { searchPath: process.env.PATH ?? '', cacheFolder: cacheFolder() }
}

/** Slither, where specs/chain/forge/install.sh puts it. */
export function slitherProgram(): string {
  return join(cacheFolder(), 'slither', 'bin', 'slither')
}
