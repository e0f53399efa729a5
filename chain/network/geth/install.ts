import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, rename, rm } from 'node:fs/promises'
import { delimiter, join } from 'node:path'
import { promisify } from 'node:util'
import { Fault, messageOf } from '../../../protocols/rules/fault.ts'

/** The last Geth that seals Clique blocks: 1.14 took sealing out. */
export const GETH_VERSION = '1.13.15'
const MODULE = `github.com/ethereum/go-ethereum/cmd/geth@v${GETH_VERSION}`
/** From this Go on its linker refuses names that this Geth links to, unless told otherwise. */
const CHECKS_LINK_NAMES = [1, 23] as const
const CHECK_OFF = '-ldflags=-checklinkname=0'

const ASK_MS = 20_000
/** A Raspberry Pi compiles it in a quarter of an hour. */
const BUILD_MS = 3_600_000

const run = promisify(execFile)

/** Where programs are looked for, and where this product may keep one of its own. */
export interface Places {
  /** Folders in the form of PATH. */
  readonly searchPath: string
  readonly cacheFolder: string
}

export interface Installed {
  readonly program: string
  /** Whether it was built just now. */
  readonly built: boolean
}

/** The folder of the Geth that this product built. */
export const builtIn = ({ cacheFolder }: Places): string => join(cacheFolder, `geth-${GETH_VERSION}`)

const cached = (places: Places): string => join(builtIn(places), 'geth')

/** Version that a Geth program tells of itself, or null when it tells none. */
export async function versionOf(program: string): Promise<string | null> {
  try {
    const { stdout } = await run(program, ['version'], { timeout: ASK_MS })
    return /^Version: (\d+\.\d+\.\d+)/m.exec(stdout)?.[1] ?? null
  } catch {
    return null
  }
}

/** The first Geth of the right version: on the PATH, else built earlier. Fault: `no-geth`. */
export async function findGeth(places: Places): Promise<string> {
  const candidates = [...onPath('geth', places.searchPath), cached(places)].filter((file) => existsSync(file))
  const others: string[] = []
  for (const program of candidates) {
    const version = await versionOf(program)
    if (version === GETH_VERSION) return program
    others.push(`${program} is ${version ?? 'not a Geth'}`)
  }
  const found = others.length === 0 ? 'not found' : others.join(', ')
  const message = `geth: ${found}; ${GETH_VERSION} is needed: run "npx meterhood chain install"`
  throw new Fault('no-geth', message, { needed: GETH_VERSION, found })
}

/**
 * Finds Geth or builds it with Go, whose module proxy and checksum database vouch for its source. Faults:
 * `no-go`, `geth-build`.
 */
export async function installGeth(places: Places): Promise<Installed> {
  const known = await findGeth(places).catch(() => null)
  if (known !== null) return { program: known, built: false }
  const go = onPath('go', places.searchPath).find((file) => existsSync(file))
  if (go === undefined) {
    const message = `go: not found on the PATH; install Go 1.21 or later (Debian: apt-get install golang-go)`
    throw new Fault('no-go', message)
  }
  const program = cached(places)
  await mkdir(places.cacheFolder, { recursive: true, mode: 0o700 })
  const folder = await mkdtemp(join(places.cacheFolder, 'building-'))
  try {
    await build(go, folder)
    await requireVersion(join(folder, 'geth'))
    await mkdir(join(program, '..'), { recursive: true })
    await rename(join(folder, 'geth'), program)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
  return { program, built: true }
}

async function build(go: string, folder: string): Promise<void> {
  const { stdout } = await run(go, ['env', 'GOVERSION'], { timeout: ASK_MS }).catch(() => ({ stdout: '' }))
  try {
    const install = [`GOBIN=${folder}`, go, 'install', ...linkFlags(stdout), MODULE]
    await run('env', install, { timeout: BUILD_MS })
  } catch (thrown) {
    const words = messageOf(thrown).trim().split('\n').slice(-2).join(' ').slice(0, 300)
    throw new Fault('geth-build', `go install ${MODULE}: failed (${words})`, { module: MODULE })
  }
}

/** The linker flag that Go from 1.23 on needs, and earlier ones do not know. */
export function linkFlags(goVersion: string): string[] {
  const [major = 0, minor = 0] = (/go(\d+)\.(\d+)/.exec(goVersion) ?? []).slice(1).map(Number)
  const [sinceMajor, sinceMinor] = CHECKS_LINK_NAMES
  const checks = major > sinceMajor || (major === sinceMajor && minor >= sinceMinor)
  return checks ? [CHECK_OFF] : []
}

async function requireVersion(program: string): Promise<void> {
  const version = await versionOf(program)
  if (version === GETH_VERSION) return
  const message = `geth: the one just built says ${version ?? 'nothing'}, expected ${GETH_VERSION}`
  throw new Fault('geth-build', message, { version: version ?? '', needed: GETH_VERSION })
}

const onPath = (name: string, searchPath: string): string[] =>
  searchPath
    .split(delimiter)
    .filter((folder) => folder !== '')
    .map((folder) => join(folder, name))
