import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/**
 * The folder of the package, found by walking up to its package.json: the same from the sources and from
 * dist.
 */
export function packageFolder(): string {
  let folder = dirname(fileURLToPath(import.meta.url))
  while (!existsSync(join(folder, 'package.json'))) folder = dirname(folder)
  return folder
}

/** The profiles that come with the package. */
export const bundledProfiles = (): string => join(packageFolder(), 'hardware', 'profiles')
