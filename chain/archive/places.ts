import { existsSync, readdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { readStatement, STATEMENT_FILE, type SignedStatement } from './statement.ts'

/** Folder of a chain's archives, one folder in it for each, by height. */
export const archivesIn = (chainFolder: string): string => join(chainFolder, 'archives')

/** The chain's folder of a gateway: in its own data folder, or beside it where one machine runs them all. */
function chainOf(dataDir: string): string {
  const own = join(dataDir, 'chain')
  return existsSync(own) ? own : join(dirname(dataDir), 'chain')
}

/** Where a gateway finds them. */
export const archivesBeside = (dataDir: string): string => archivesIn(chainOf(dataDir))

/** Folder of the exports of its history. */
export const exportsIn = (chainFolder: string): string => join(chainFolder, 'exports')
export const exportsBeside = (dataDir: string): string => exportsIn(chainOf(dataDir))

export interface KnownArchive extends SignedStatement {
  readonly folder: string
}

/** The archives of a folder, oldest first. */
export async function knownArchives(folder: string): Promise<KnownArchive[]> {
  if (!existsSync(folder)) return []
  const names = readdirSync(folder).filter((name) => existsSync(join(folder, name, STATEMENT_FILE)))
  const known = await Promise.all(
    names.map(async (name) => {
      const place = join(folder, name)
      return { ...(await readStatement(place)), folder: place }
    }),
  )
  return known.sort((a, b) => a.statement.block.height - b.statement.block.height)
}

/** The archives by which the chain that begins with `genesis` follows from `origin`, oldest first. */
export function lineage(
  archives: readonly KnownArchive[],
  origin: string,
  genesis: string,
): KnownArchive[] | null {
  const line: KnownArchive[] = []
  for (let at = genesis; at !== origin;) {
    const before = archives.find(({ next }) => next === at)
    if (before === undefined || line.includes(before)) return null
    line.unshift(before)
    at = before.statement.genesis
  }
  return line
}

/** What tells a community's chain from others. */
export interface Origin {
  readonly chainId: number
  /** Hash of the first block of the community's first chain. */
  readonly genesisHash: string
  /** Account that signs its archives; undefined where it is not known. */
  readonly community?: string
}

/** The archives of the community that a chain follows from, oldest first; null when it is another chain. */
export async function lineOf(
  found: { readonly chainId: number; readonly genesisHash: string },
  origin: Origin,
  archives: string,
): Promise<KnownArchive[] | null> {
  if (found.chainId !== origin.chainId) return null
  if (found.genesisHash === origin.genesisHash) return []
  const community = origin.community?.toLowerCase()
  const own = (await knownArchives(archives)).filter(
    ({ statement }) =>
      statement.chainId === origin.chainId &&
      statement.origin === origin.genesisHash &&
      (community === undefined || statement.community === community),
  )
  return lineage(own, origin.genesisHash, found.genesisHash)
}

/** Whether a chain is the community's, or was begun anew from archives of it. */
export async function goesOn(
  found: { readonly chainId: number; readonly genesisHash: string },
  origin: Origin,
  archives: string | undefined,
): Promise<boolean> {
  if (archives !== undefined) return (await lineOf(found, origin, archives)) !== null
  return found.chainId === origin.chainId && found.genesisHash === origin.genesisHash
}
