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

/** Where Geth is looked for on this machine. */
export function gethPlaces(): Places {
  return { searchPath: process.env.PATH ?? '', cacheFolder: cacheFolder() }
}
