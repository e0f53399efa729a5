import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { chown, mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const VERSIONS = ['17', '16', '15', '14']

const binaries = VERSIONS.map((version) => `/usr/lib/postgresql/${version}/bin`).find((folder) =>
  existsSync(folder),
)

const isRoot = process.getuid?.() === 0

/** PostgreSQL refuses to run as root, so root lends the work to the user that Debian's package made. */
const asUser = (command: string, ...args: string[]): string[] =>
  isRoot
    ? ['setpriv', '--reuid=postgres', '--regid=postgres', '--clear-groups', command, ...args]
    : [command, ...args]

function run(command: string, ...args: string[]): string {
  const [program = command, ...rest] = asUser(command, ...args)
  const done = spawnSync(program, rest, { encoding: 'utf8', timeout: 60_000, cwd: '/' })
  if (done.status !== 0) throw new Error(`${command} ${args.join(' ')}: ${done.stderr}${done.stdout}`)
  return done.stdout
}

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  await new Promise((resolve) => server.close(resolve))
  if (address === null || typeof address === 'string') throw new Error('no port')
  return address.port
}

/**
 * True when PostgreSQL is here, or when it must be (`CI=true`): then a missing one is a failure, not a
 * skip.
 */
export const postgresExpected = binaries !== undefined || process.env['CI'] === 'true'

export interface Cluster {
  /** A fresh, empty database. */
  database(): string
  stop(): Promise<void>
}

/** A PostgreSQL of our own on a free port, in a temporary folder. */
export async function startCluster(): Promise<Cluster> {
  if (binaries === undefined) throw new Error('PostgreSQL is not installed: apt-get install postgresql')
  const folder = await mkdtemp(join(tmpdir(), 'meterhood-pg-'))
  if (isRoot) {
    const uid = Number(spawnSync('id', ['-u', 'postgres'], { encoding: 'utf8' }).stdout)
    const gid = Number(spawnSync('id', ['-g', 'postgres'], { encoding: 'utf8' }).stdout)
    await chown(folder, uid, gid)
  }
  const data = join(folder, 'data')
  const port = await freePort()
  run(join(binaries, 'initdb'), '-D', data, '-U', 'meterhood', '-A', 'trust', '-E', 'UTF8', '--no-sync')
  const options = `-p ${port} -c listen_addresses=127.0.0.1 -c unix_socket_directories=${folder}`
  run(join(binaries, 'pg_ctl'), '-D', data, '-w', '-l', join(folder, 'log'), '-o', options, 'start')
  let made = 0
  return {
    database: () => {
      const name = `store_${(made += 1)}`
      run(join(binaries, 'createdb'), '-h', '127.0.0.1', '-p', `${port}`, '-U', 'meterhood', name)
      return `postgres://meterhood:secret@127.0.0.1:${port}/${name}`
    },
    stop: async () => {
      run(join(binaries, 'pg_ctl'), '-D', data, '-m', 'immediate', 'stop')
      await rm(folder, { recursive: true, force: true })
    },
  }
}
