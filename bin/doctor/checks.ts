import { z } from 'zod'
import { GETH_VERSION } from '../../chain/network/geth/install.ts'
import { auditPython, slitherProgram } from '../host/cache-folder.ts'
import type { Computer } from './computer.ts'

/** One thing looked at. */
export interface Finding {
  readonly name: string
  readonly ok: boolean
  /** Needed to run a community; otherwise its lack only leaves something out. */
  readonly required: boolean
  readonly found: string
  /** What is left out or fails without it. */
  readonly without: string
  /** What to do, one line; null when nothing is to be done. */
  readonly fix: string | null
}

const NODE_LEAST = [20, 19] as const
const DISK_LEAST_BYTES = 500_000_000
/** Ports that `start` takes: pages from 7400 on, one for each gateway. */
const PORTS = { first: 7400, last: 7440 } as const
/** No computer that runs this is in a time before it was written, or long after. */
const CLOCK_LEAST_MS = 1_767_225_600_000
const CLOCK_MOST_MS = 4_102_444_800_000
const WRITTEN = new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium', timeStyle: 'long', timeZone: 'UTC' })
const ANVIL = 'node_modules/@foundry-rs/anvil-linux-amd64/bin/anvil'
const FORGE = 'node_modules/@foundry-rs/forge-linux-amd64/bin/forge'
const PACKAGES = '.ci/packages.txt'

interface PackagePurpose {
  /** A program that shows it is there, installed by whatever means. */
  readonly program: string | null
  readonly without: string
}

const PURPOSES: Readonly<Record<string, PackagePurpose>> = {
  'gcc-avr': { program: 'avr-gcc', without: 'the firmware of the boards is not rebuilt and compared' },
  'avr-libc': { program: null, without: 'the firmware of the boards is not rebuilt and compared' },
  socat: { program: 'socat', without: 'specs of boards at a serial port are left out' },
  chromium: { program: 'chromium', without: 'specs of the pages in a browser are left out' },
  'python3-venv': { program: null, without: 'slither and the auditor of the market cannot be installed' },
  iproute2: { program: 'ip', without: 'the LAN of namespaces is left out (npm run test:lan)' },
  postgresql: { program: 'pg_ctlcluster', without: 'specs of the repository on PostgreSQL are left out' },
}
const UNKNOWN_PURPOSE: PackagePurpose = { program: null, without: 'some specs are left out' }

/** Looks at everything, in the order in which it is needed. */
export async function examine(computer: Computer): Promise<Finding[]> {
  return [
    nodeVersion(computer),
    npmPackages(computer),
    built(computer),
    anvil(computer),
    disk(computer),
    clock(computer),
    await ports(computer),
    await multicast(computer),
    serial(computer),
    geth(computer),
    auditor(computer),
    forge(computer),
    slither(computer),
    ...debianPackages(computer),
  ]
}

/** The Debian packages of the list that are not there, in its order. */
export function missingPackages(computer: Computer): string[] {
  return listedPackages(computer).filter((name) => !hasPackage(computer, name))
}

/** The command that installs packages. */
export const aptLine = (names: readonly string[]): string =>
  `apt-get install -y --no-install-recommends ${names.join(' ')}`

function nodeVersion({ node }: Computer): Finding {
  const [major = 0, minor = 0] = node.split('.').map(Number)
  const ok = major > NODE_LEAST[0] || (major === NODE_LEAST[0] && minor >= NODE_LEAST[1])
  const fix = ok ? null : 'install Node 20.19 or later (https://nodejs.org)'
  return { name: 'Node', ok, required: true, found: node, without: 'nothing runs', fix }
}

const manifest = z.object({
  dependencies: z.record(z.string(), z.string()),
  devDependencies: z.record(z.string(), z.string()),
})

function npmPackages(computer: Computer): Finding {
  const { dependencies } = manifest.parse(JSON.parse(computer.read('package.json') ?? '{}'))
  const names = Object.keys(dependencies)
  const missing = names.filter((name) => computer.read(`node_modules/${name}/package.json`) === null)
  const ok = missing.length === 0
  const found = ok ? `${names.length} of ${names.length}` : `missing: ${missing.slice(0, 5).join(', ')}`
  return {
    name: 'npm packages',
    ok,
    required: true,
    found,
    without: 'nothing runs',
    fix: ok ? null : 'npm ci',
  }
}

function built(computer: Computer): Finding {
  const ok = computer.read('dist/bin/meterhood.js') !== null
  const found = ok ? 'dist/bin/meterhood.js' : 'no dist/bin/meterhood.js'
  return {
    name: 'built',
    ok,
    required: true,
    found,
    without: 'the meterhood command does not start',
    fix: ok ? null : 'npm run build',
  }
}

function anvil(computer: Computer): Finding {
  const program = computer.find('anvil', [ANVIL])
  const said = program === null ? null : computer.run(program, ['--version'])
  const ok = said !== null
  const found = ok ? firstLine(said) : program === null ? 'not found' : `${program} does not run`
  const fix = ok ? null : 'npm ci on Linux x64; elsewhere put anvil of Foundry on the PATH'
  return { name: 'anvil', ok, required: true, found, without: 'there is no embedded chain', fix }
}

function disk(computer: Computer): Finding {
  const free = computer.freeBytes()
  const ok = free >= DISK_LEAST_BYTES
  const fix = ok ? null : 'free some disk, or name another --data folder'
  const found = `${(free / 1e9).toFixed(1)} GB free`
  return { name: 'disk', ok, required: true, found, without: 'readings cannot be kept', fix }
}

function clock(computer: Computer): Finding {
  const now = computer.nowMs()
  const built = computer.changedMs('package.json') ?? 0
  const ok = now >= Math.max(CLOCK_LEAST_MS, built) && now <= CLOCK_MOST_MS
  const found = WRITTEN.format(now)
  const fix = ok ? null : 'set the clock: timedatectl set-ntp true'
  return { name: 'clock', ok, required: true, found, without: 'slots would not fit the chain’s time', fix }
}

async function ports(computer: Computer): Promise<Finding> {
  const taken: number[] = []
  for (let port: number = PORTS.first; port <= PORTS.last; port += 1) {
    if (!(await computer.portFree(port))) taken.push(port)
  }
  const ok = taken.length === 0
  const found = ok ? `${PORTS.first} to ${PORTS.last} free` : `taken: ${taken.join(', ')}`
  const fix = ok ? null : 'stop what listens there (perhaps a community that runs already)'
  return { name: 'ports', ok, required: true, found, without: 'pages cannot open at their usual place', fix }
}

async function multicast(computer: Computer): Promise<Finding> {
  const ok = await computer.multicastWorks()
  const found = ok ? 'heard on the loopback' : 'not heard on the loopback'
  const without = 'gateways do not find each other by themselves (mDNS)'
  const fix = ok ? null : 'ip link set lo multicast on && ip route add 224.0.0.0/4 dev lo'
  return { name: 'multicast', ok, required: false, found, without, fix }
}

function serial(computer: Computer): Finding {
  const ports = computer.serialPorts()
  const closed = ports.filter(({ usable }) => !usable).map(({ path }) => path)
  const ok = closed.length === 0
  const found =
    ports.length === 0 ? 'none plugged in' : ok ? ports.map(({ path }) => path).join(', ') : closed.join(', ')
  const fix = ok ? null : 'usermod -aG dialout "$USER", then log in again'
  const without = 'boards and meters at these ports cannot be read'
  return { name: 'serial ports', ok, required: false, found, without, fix }
}

function geth(computer: Computer): Finding {
  const program = computer.find('geth')
  const said = program === null ? null : computer.run(program, ['version'])
  const version = /^Version: (\S+)/m.exec(said ?? '')?.[1]
  const ok = version?.startsWith(GETH_VERSION) ?? false
  const found = version ?? 'not found'
  const fix = ok ? null : 'npx meterhood chain install (builds it with Go: a few minutes)'
  const without = 'there is no chain with signers (--chain geth); its specs are left out'
  return { name: 'geth', ok, required: false, found, without, fix }
}

function auditor(computer: Computer): Finding {
  const said = computer.run(auditPython(), ['-c', 'import web3; print(web3.__version__)'])
  const ok = said !== null
  const found = ok ? `web3.py ${firstLine(said)}` : 'not found'
  const fix = ok ? null : 'bash specs/audit/install.sh (Python packages, in a folder of their own)'
  const without = 'specs in which web3.py audits the market are left out'
  return { name: 'auditor', ok, required: false, found, without, fix }
}

function forge(computer: Computer): Finding {
  const program = computer.find('forge', [FORGE])
  const ok = program !== null
  const fix = ok ? null : 'npm ci on Linux x64; elsewhere put forge of Foundry on the PATH'
  const without = 'specs that prove the market’s contracts by random games are left out'
  return { name: 'forge', ok, required: false, found: program ?? 'not found', without, fix }
}

function slither(computer: Computer): Finding {
  const said = computer.run(slitherProgram(), ['--version'])
  const ok = said !== null
  const fix = ok ? null : 'bash specs/chain/forge/install.sh (Python packages, in a folder of their own)'
  const without = 'the spec that holds slither’s findings on the contracts is left out'
  return { name: 'slither', ok, required: false, found: ok ? firstLine(said) : 'not found', without, fix }
}

function debianPackages(computer: Computer): Finding[] {
  return listedPackages(computer).map((name) => {
    const ok = hasPackage(computer, name)
    const { without } = PURPOSES[name] ?? UNKNOWN_PURPOSE
    const found = ok ? 'installed' : 'not installed'
    return { name, ok, required: false, found, without, fix: ok ? null : aptLine([name]) }
  })
}

function listedPackages(computer: Computer): string[] {
  const lines = (computer.read(PACKAGES) ?? '').split('\n').map((line) => line.replace(/#.*/, '').trim())
  return lines.filter((line) => line !== '')
}

function hasPackage(computer: Computer, name: string): boolean {
  const status = computer.run('dpkg-query', ['-W', '-f=${Status}', name])
  if (status?.includes('install ok installed') === true) return true
  const program = PURPOSES[name]?.program ?? null
  return program !== null && computer.find(program) !== null
}

const firstLine = (text: string): string => text.trim().split('\n')[0] ?? ''
