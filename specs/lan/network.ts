import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { Fault, messageOf } from '../../protocols/rules/fault.ts'

const run = promisify(execFile)
const PREFIX = 'mh'
const NET = '10.77.0'
/** mDNS speaks to a group of addresses; a host without a default route must be told where that is. */
const MULTICAST = '224.0.0.0/4'
/** The switch of the house, and the one of those that are cut off. */
const WHOLE = 'br0'
const APART = 'br1'

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
  /** Plugs these hosts into a switch of their own: what they send to the others is lost without a word. */
  cutOff(hosts: readonly Host[]): Promise<void>
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

const portOf = (at: number): string => `port${at}`
const spaceOf = (part: string): string => `${PREFIX}-${process.pid}-${part}`

/** What this machine lacks for a LAN of namespaces. */
export interface Lack {
  /** `tool`: a package would help; `right`: this kernel, or who runs this, may make no namespaces. */
  readonly kind: 'tool' | 'right'
  readonly words: string
}

/** What this machine lacks for a LAN of namespaces; null when it has all. */
export async function lacking(): Promise<Lack | null> {
  if (process.platform !== 'linux')
    return { kind: 'right', words: 'network namespaces, which only Linux has' }
  const found = await run('ip', ['-V']).catch(() => null)
  if (found === null) return { kind: 'tool', words: 'ip of iproute2 (Debian: apt-get install iproute2)' }
  const [here, other] = [spaceOf('try'), spaceOf('try2')]
  try {
    for (const space of [here, other]) await ip('netns', 'add', space)
    await ip('-n', here, 'link', 'add', WHOLE, 'type', 'bridge')
    await ip('-n', here, 'link', 'add', 'port1', 'type', 'veth', 'peer', 'name', 'eth0', 'netns', other)
    await ip('-n', here, 'link', 'set', 'port1', 'master', WHOLE, 'up')
    await run('ip', ['netns', 'exec', other, 'true'])
    return null
  } catch (thrown) {
    return {
      kind: 'right',
      words: `the right to make network namespaces (${messageOf(thrown).slice(0, 160)})`,
    }
  } finally {
    for (const space of [here, other]) await ip('netns', 'del', space).catch(() => undefined)
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
  await ip('-n', hub, 'link', 'add', portOf(at), 'type', 'veth', 'peer', 'name', 'eth0', 'netns', space)
  await ip('-n', hub, 'link', 'set', portOf(at), 'master', WHOLE, 'up')
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
  const hub = spaceOf('switch')
  const cut: Host[] = []
  const remove = async (): Promise<void> => {
    for (const part of ['switch', ...hosts.map(({ name }) => name)]) {
      await ip('netns', 'del', spaceOf(part)).catch(() => undefined)
    }
  }
  const plugInto = (bridge: string, host: Host): Promise<string> =>
    ip('-n', hub, 'link', 'set', portOf(hosts.indexOf(host) + 1), 'master', bridge)
  try {
    await ip('netns', 'add', hub)
    for (const bridge of [WHOLE, APART]) {
      await ip('-n', hub, 'link', 'add', bridge, 'type', 'bridge')
      await ip('-n', hub, 'link', 'set', bridge, 'up')
    }
    for (const [index, name] of names.entries()) hosts.push(await plugIn(name, index + 1))
  } catch (thrown) {
    await remove()
    throw thrown
  }
  return {
    hosts,
    cutOff: async (apart) => {
      for (const host of apart) {
        await plugInto(APART, host)
        cut.push(host)
      }
    },
    heal: async () => {
      for (const host of cut.splice(0)) await plugInto(WHOLE, host)
    },
    remove,
  }
}
