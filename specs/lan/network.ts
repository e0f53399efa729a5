import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { Fault, messageOf } from '../../protocols/rules/fault.ts'

const run = promisify(execFile)
const PREFIX = 'mh'
const NET = '10.77.0'
/** mDNS speaks to a group of addresses; a host without a default route must be told where that is. */
const MULTICAST = '224.0.0.0/4'

/** A host of the LAN: a network namespace with one cable to the switch. */
export interface Host {
  readonly name: string
  readonly address: string
  /** A command and its arguments, to be run on that host. */
  command(program: string, args: readonly string[]): [string, string[]]
}

/** A switch with hosts on it, in namespaces of this process alone. */
export interface Lan {
  readonly hosts: readonly Host[]
  /** Lets no packet pass between the two groups. */
  split(one: readonly Host[], other: readonly Host[]): Promise<void>
  heal(): Promise<void>
  remove(): Promise<void>
}

async function ip(...args: string[]): Promise<string> {
  try {
    return (await run('ip', args)).stdout
  } catch (thrown) {
    throw new Fault('no-network', `ip ${args.join(' ')}: ${messageOf(thrown).trim()}`, {
      command: args[0] ?? '',
    })
  }
}

const spaceOf = (part: string): string => `${PREFIX}-${process.pid}-${part}`

/** What this machine lacks for a LAN of namespaces, in words; null when it has all. */
export async function lacking(): Promise<string | null> {
  if (process.platform !== 'linux') return 'network namespaces, which only Linux has'
  const found = await run('ip', ['-V']).catch(() => null)
  if (found === null) return 'ip of iproute2 (Debian: apt-get install iproute2)'
  const name = spaceOf('try')
  try {
    await ip('netns', 'add', name)
    await ip('-n', name, 'link', 'add', 'br0', 'type', 'bridge')
    return null
  } catch (thrown) {
    return `the right to make network namespaces: run it as root (${messageOf(thrown).slice(0, 120)})`
  } finally {
    await ip('netns', 'del', name).catch(() => undefined)
  }
}

/** Namespaces of runs whose process is gone. */
async function removeLeftOver(): Promise<void> {
  const names = (await ip('netns', 'list')).split('\n').map((line) => line.split(' ')[0] ?? '')
  for (const name of names) {
    const pid = Number(new RegExp(`^${PREFIX}-(\\d+)-`).exec(name)?.[1])
    if (!Number.isInteger(pid) || isAlive(pid)) continue
    await ip('netns', 'del', name)
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

async function plugIn(name: string, at: number): Promise<Host> {
  const space = spaceOf(name)
  const address = `${NET}.${at}`
  const hub = spaceOf('switch')
  await ip('netns', 'add', space)
  await ip('-n', hub, 'link', 'add', `port${at}`, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', space)
  await ip('-n', hub, 'link', 'set', `port${at}`, 'master', 'br0', 'up')
  await ip('-n', space, 'link', 'set', 'lo', 'up')
  await ip('-n', space, 'addr', 'add', `${address}/24`, 'dev', 'eth0')
  await ip('-n', space, 'link', 'set', 'eth0', 'up')
  await ip('-n', space, 'route', 'add', MULTICAST, 'dev', 'eth0')
  return { name, address, command: (program, args) => ['ip', ['netns', 'exec', space, program, ...args]] }
}

/** Makes a LAN; `remove` takes everything away again, whatever happened meanwhile. */
export async function makeLan(names: readonly string[]): Promise<Lan> {
  await removeLeftOver()
  const hosts: Host[] = []
  const cut: [Host, Host][] = []
  const remove = async (): Promise<void> => {
    for (const part of ['switch', ...hosts.map(({ name }) => name)]) {
      await ip('netns', 'del', spaceOf(part)).catch(() => undefined)
    }
  }
  const bar = async (verb: 'add' | 'del', from: Host, to: Host): Promise<void> => {
    await ip('-n', spaceOf(from.name), 'route', verb, 'blackhole', `${to.address}/32`)
  }
  try {
    await ip('netns', 'add', spaceOf('switch'))
    await ip('-n', spaceOf('switch'), 'link', 'add', 'br0', 'type', 'bridge')
    await ip('-n', spaceOf('switch'), 'link', 'set', 'br0', 'up')
    for (const [index, name] of names.entries()) hosts.push(await plugIn(name, index + 1))
  } catch (thrown) {
    await remove()
    throw thrown
  }
  return {
    hosts,
    split: async (one, other) => {
      const pairs = one.flatMap((from) => other.map((to): [Host, Host] => [from, to]))
      for (const [from, to] of pairs) {
        await bar('add', from, to)
        await bar('add', to, from)
        cut.push([from, to], [to, from])
      }
    },
    heal: async () => {
      for (const [from, to] of cut.splice(0)) await bar('del', from, to)
    },
    remove,
  }
}
