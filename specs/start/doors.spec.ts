import { createServer } from 'node:net'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Command } from 'commander'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { COMMANDS } from '../../bin/commands/all.ts'
import { EXAMPLES } from '../../bin/commands/examples.ts'
import { meterhood, ongoing } from '../e2e/command.ts'

// Ninety processes: half a minute of work, many times that where others work too.
vi.setConfig({ testTimeout: 400_000 })

/** Nobody listens on the port of discard. */
const NOBODY = 'http://127.0.0.1:9'
const ADDRESS = `0x${'1'.repeat(40)}`
const PAIRS = `monitoring=${ADDRESS},quota=${ADDRESS}`

let folder = ''
const at = (name: string): string => join(folder, name)

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'meterhood-doors-'))
  await mkdir(at('nothing'))
  await mkdir(at('foreign'))
  await writeFile(at('foreign/photo.jpg'), 'a photo')
  await mkdir(at('profiles'))
  await writeFile(at('profiles/electricity_w.csv'), 'time,a\n0,1\n60,much\n')
  await writeFile(at('empty.json'), '')
  await writeFile(at('wrong.json'), '{"a":1}')
  await writeFile(at('wrong.hex'), 'no firmware')
  const link = { host: '127.0.0.1', port: 9 }
  await writeFile(
    at('boards.json'),
    JSON.stringify([{ kind: 'power', boardId: 1, linkKey: '0'.repeat(64), at: link }]),
  )
})
afterAll(() => rm(folder, { recursive: true, force: true }))

/** `{name}` in a flag is that file of the spec's folder. */
const inFolder = (words: string): string[] =>
  words.split(' ').map((word) => word.replace(/\{(.*)\}/, (_, name: string) => at(name)))

type Door = readonly [words: string, code: number, says: string]

/** What `start` is given, the exit code, and what its one line says. */
const START: readonly Door[] = [
  ['--homez 3', 2, "unknown option '--homez' (Did you mean --homes?); see meterhood start --help"],
  ['again', 2, 'too many arguments'],
  ['--homes 0', 2, '--homes: expected a whole number from 1 to 200, got "0"'],
  ['--homes 10000', 2, '--homes: expected a whole number from 1 to 200'],
  ['--period 0', 2, '--period: expected a duration above zero'],
  ['--for 0s', 2, '--for: expected a duration above zero'],
  ['--for soon', 2, '--for: expected a duration such as 500ms, 60s'],
  ['--billing 5s', 2, '--billing: expected a multiple of the sample period'],
  ['--chain paper', 2, '--chain: expected embedded or geth, got "paper"'],
  ['--boards wood', 2, '--boards: expected firmware or profile'],
  ['--store attic', 2, '--store: expected commitment or storage'],
  ['--length 0', 2, '--length: expected a whole number from 1 to 10000'],
  ['--batch 9', 2, '--batch: expected a whole number from 1 to 8'],
  ['--block-time 0', 2, '--block-time: expected a whole number from 1 to 60'],
  ['--port 99999', 2, '--port: expected a whole number from 0 to 65000'],
  ['--database nonsense', 2, '--database: expected postgres://user:password@host:port/database'],
  ['--board-hex {nowhere}', 2, '--board-hex: expected a file that exists'],
  ['--board-hex {wrong.hex}', 2, '--board-hex wrong.hex line 1: expected an Intel HEX record'],
  ['--board-hex {empty.json}', 2, '--board-hex empty.json: expected an end record'],
  ['--profiles {nowhere}', 2, '--profiles: expected a folder that exists'],
  ['--profiles {nothing}', 2, 'electricity_w.csv is missing'],
  ['--profiles {profiles} --homes 1', 2, 'electricity_w.csv line 3 column a: expected a number'],
  ['--homes 41', 2, '41 homes asked for'],
  ['--report {nowhere/report.json}', 2, '--report: expected a folder that exists'],
  ['--report {nothing}', 2, '--report: expected a file'],
  ['--data {foreign}', 1, 'holds something else (photo.jpg); name an empty folder or a new one'],
  ['--data {wrong.json}', 2, '--data: expected a folder'],
]

const GATEWAYS: readonly Door[] = [
  ['community', 2, '--rpc: expected the link of a chain node, or a node in'],
  ['community --rpc nonsense', 2, '--rpc: expected the http:// or https:// link of a chain node'],
  [`community --rpc ${NOBODY} --key 0x12`, 2, '--key: expected 0x and 64 hex digits, got "4 characters"'],
  [`community --rpc ${NOBODY} --name Über`, 2, '--name: expected 1 to 32 of a-z, 0-9 and -'],
  [`community --rpc ${NOBODY} --invites A,b`, 2, '--invites: expected 1 to 32 of a-z, 0-9 and -'],
  [`community --rpc ${NOBODY} --listen here`, 2, '--listen: expected a multiaddress'],
  [`community --rpc ${NOBODY} --page 127.0.0.1:99999`, 2, '--page: expected host:port'],
  [`community --rpc ${NOBODY} --energy much`, 2, '--energy: expected a whole number'],
  [`community --rpc ${NOBODY} --billing 20m`, 2, '--billing: expected a multiple of the sample period'],
  [`community --rpc ${NOBODY} --database my.db`, 2, '--database: expected postgres://'],
  [`community --rpc ${NOBODY} --data {foreign}`, 1, 'holds something else (photo.jpg)'],
  [`community --rpc ${NOBODY} --data {cgw} --page 127.0.0.1:0`, 1, `${NOBODY}: no answer to eth_chainId`],
  ['home', 2, '--rpc: expected the link of a chain node, or a node in'],
  ['home --rpc ftp://node --boards {boards.json}', 2, '--rpc: expected the http:// or https:// link'],
  [`home --rpc ${NOBODY} --data {nothing}`, 2, '--boards: expected a JSON file with boards'],
  [`home --rpc ${NOBODY} --boards {empty.json}`, 2, '--boards: expected JSON'],
  [`home --rpc ${NOBODY} --boards {wrong.json}`, 2, 'expected array, received object'],
  [`home --rpc ${NOBODY} --boards {boards.json} --invite mh1-x`, 2, '--invite: '],
  [
    `home --rpc ${NOBODY} --boards {boards.json} --invite code`,
    2,
    '--invite: expected it to start with mh1-',
  ],
  [`home --rpc ${NOBODY} --boards {boards.json} --data {foreign}`, 1, 'holds something else (photo.jpg)'],
]

const OTHERS: readonly Door[] = [
  ['sing', 2, "unknown command 'sing'; see meterhood --help"],
  ['verify', 2, 'nothing to verify was named; give --rpc URL with --contracts FILE, or --data DIR'],
  [`verify --rpc ${NOBODY} --contracts {nowhere}`, 2, 'cannot be read (ENOENT'],
  [`verify --rpc ${NOBODY} --contracts {empty.json}`, 2, 'cannot be read (Unexpected end of JSON input)'],
  [`verify --rpc ${NOBODY} --contracts {wrong.json}`, 2, 'names no monitoring and quota contracts'],
  [`verify --rpc ${NOBODY} --contracts monitoring=0x1`, 2, 'expected 0x and 40 hexadecimal digits'],
  [`verify --rpc ${NOBODY} --contracts ${PAIRS}`, 2, `no JSON-RPC node answers at ${NOBODY}`],
  ['verify --data {nowhere}', 2, 'there is no such folder'],
  ['verify --data {foreign}', 2, 'is not the data folder of a community'],
  ['decode board', 2, "missing required argument 'file'"],
  ['decode board {nowhere}', 2, 'ENOENT'],
  ['decode board {foreign}', 2, 'EISDIR'],
  ['decode board {empty.json}', 2, 'it is empty'],
  ['decode song {empty.json}', 2, "unknown command 'song'"],
  ['clear {nowhere}', 2, 'expected a file that can be read'],
  ['clear {empty.json}', 2, 'empty.json: expected JSON'],
  ['clear {wrong.json}', 2, 'wrong.json: expected a list'],
  ['calibrate', 2, "required option '--page <link>' not specified"],
  ['calibrate --page nonsense', 2, '--page: expected the link that the gateway printed'],
  ['calibrate --page http://127.0.0.1:9/', 1, 'http://127.0.0.1:9 does not answer'],
  ['calibrate --page http://127.0.0.1:9/ --quantity joy', 2, '--quantity: expected voltage'],
  ['calibrate --page http://127.0.0.1:9/ --ca {nowhere}', 2, '--ca: expected the certificate'],
  ['doctor --heal', 2, "unknown option '--heal'"],
  ['bench joy', 2, 'there is no "joy"; choose clear, flood, gas, geth, inspect, latency, recovery'],
]

const CHAIN: readonly Door[] = [
  ['sing', 2, "unknown command 'sing'"],
  ['init --data {foreign}', 1, 'holds something else (photo.jpg)'],
  ['init --data {node} --name BAD', 2, '--name: expected a-z, 0-9 and -'],
  ['init --data {node} --host a_b', 2, '--host: expected an IP address'],
  ['init --data {node} --signers 0', 2, '--signers: expected a whole number from 1 to 25'],
  ['init --data {node} --fund 0x12', 2, '--fund: expected addresses'],
  ['init --data {node} --password {nowhere}', 2, '--password: expected a file that can be read'],
  ['init --members {wrong.json} --network {wrong.json}', 2, 'expected one of --members, --network'],
  ['start --data {nothing}', 1, 'holds no chain node; make one with "npx meterhood chain init"'],
  ['start --rpc-port x', 2, '--rpc-port: expected a whole number from 0 to 65535'],
  ['status --data {nothing}', 1, 'holds no chain node'],
  ['serve --data {nowhere}', 1, 'there is no such folder'],
  ['serve --port x', 2, '--port: expected a port'],
  ['vote add 0x12 --data {nothing}', 2, 'address: expected 0x and 40 hex digits'],
  ['peers drop home-09 --data {nothing}', 1, 'nothing/chain: holds no chain node'],
  ['peers add {nowhere} --data {nothing}', 2, 'card: expected the node.json of the new member'],
  ['backup', 2, "required option '--to <folder>' not specified"],
]

async function refuses(words: string, code: number, says: string): Promise<void> {
  const ended = await meterhood(...inFolder(words))
  const lines = ended.stderr.trim().split('\n')
  expect.soft({ words, code: ended.code, stdout: ended.stdout }).toEqual({ words, code, stdout: '' })
  expect.soft(lines).toEqual([expect.stringContaining(says)])
}

/** As many at once as a small machine bears. */
async function refusesAll(doors: readonly Door[]): Promise<void> {
  const left = doors.values()
  const worker = async (): Promise<void> => {
    for (const [words, code, says] of left) await refuses(words, code, says)
  }
  await Promise.all([worker(), worker(), worker()])
}

describe('Wrong words are answered with one line that names them, before anything is started', () => {
  it('by start, which leaves no folder behind', async () => {
    await refusesAll(START.map(([words, code, says]) => [`start --for 1s ${words}`, code, says]))
    expect(await readdir(at('foreign'))).toEqual(['photo.jpg'])
    expect(existsSync(at('nowhere'))).toBe(false)
  })

  it('by start with the grammar, when a fault is unknown', async () => {
    const { code, stderr } = await meterhood('start', '--fault', 'explode:home:1@2s')
    expect(code).toBe(2)
    expect(stderr).toContain('LIST   := item,item…')
  })

  it('by start, when a port is taken that it needs for a page', async () => {
    const server = createServer()
    // Below those that the system gives to other specs: its neighbours are free.
    const port = 20_000 + (process.pid % 10_000)
    await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))
    await refuses(`start --for 1s --homes 2 --port ${port - 2}`, 1, `port ${port}: taken by another program`)
    server.close()
  })

  it.runIf(process.platform === 'linux')('by start, where no folder can be made', () =>
    refuses('start --for 1s --data /proc/nowhere', 1, '--data: /proc/nowhere cannot be written'),
  )

  it('by community and home', () => refusesAll(GATEWAYS))

  it('by what looks, decodes, clears and measures', () => refusesAll(OTHERS))

  it('by chain and what is below it', async () => {
    await refusesAll(CHAIN.map(([words, code, says]) => [`chain ${words}`, code, says]))
    expect(existsSync(at('node/chain'))).toBe(false)
  })
})

describe('The data folder of another chain', () => {
  it('is refused by start', async () => {
    await mkdir(at('other/chain'), { recursive: true })
    const identity = { kind: 'embedded', chainId: 5, genesisHash: null, accounts: [] }
    await writeFile(at('other/chain/chain.json'), JSON.stringify(identity))
    const { code, stderr } = await meterhood('start', '--port', '0', '--data', at('other'))
    expect(code).toBe(1)
    expect(stderr.trim()).toMatch(/^start: .*: holds the chain 5, expected 31337; use another folder$/)
  })
})

describe('A community that is stopped while it starts', () => {
  it('ends all that it had started', async () => {
    const start = ongoing('start', '--homes', '1', '--port', '0', '--data', at('stopped'))
    await start.printed('chain      embedded')
    const { pid } = JSON.parse(await readFile(at('stopped/chain/anvil.pid'), 'utf8')) as { pid: number }
    const { code, stderr } = await start.interrupt()
    expect({ code, stderr }).toEqual({ code: 130, stderr: 'start: stopped before its end by SIGINT\n' })
    expect(() => process.kill(pid, 0)).toThrow('ESRCH')
  })
})

describe('A home that cannot reach what it was told', () => {
  it('says so, and goes on trying', async () => {
    const flags = `--rpc ${NOBODY} --boards {boards.json} --data {home} --page 127.0.0.1:0`
    const home = ongoing('home', ...inFolder(flags))
    const said = await home.printed('trying on')
    expect(said).toContain(`--rpc: ${NOBODY}: no answer to eth_chainId`)
    const log = (): Promise<string> => readFile(at('home/gateway.log'), 'utf8')
    await expect.poll(log).toContain('no answer to eth_chainId')
    const { code, stderr } = await home.ended
    expect({ code, stderr }).toEqual({
      code: 2,
      stderr: 'home: --invite: expected the code that the manager gave; ask for one\n',
    })
  })
})

/** Flags of commands that a command above them has, too: commander gives those to the upper one. */
function shadowedIn(command: Command, above: readonly string[]): string[] {
  const own = command.options.flatMap(({ long }) => long ?? [])
  const here = own.filter((flag) => above.includes(flag)).map((flag) => `${command.name()} ${flag}`)
  return [...here, ...command.commands.flatMap((each) => shadowedIn(each, [...above, ...own]))]
}

/** The words of every command that a person may type. */
function pathsOf(command: Command, path: string): string[] {
  return [path, ...command.commands.flatMap((each) => pathsOf(each, `${path} ${each.name()}`))]
}

describe('Every command has help', () => {
  it('with an example that can be typed', async () => {
    const program = new Command('meterhood')
    for (const register of Object.values(COMMANDS)) await register(program)
    expect(Object.keys(EXAMPLES).sort()).toEqual(pathsOf(program, 'meterhood').sort())
  })

  it('and no flag that a command above it would take for itself', async () => {
    const program = new Command('meterhood')
    for (const register of Object.values(COMMANDS)) await register(program)
    expect(shadowedIn(program, [])).toEqual([])
  })

  it('shows it, and ends with 0', async () => {
    const { code, stdout } = await meterhood('start', '--help')
    expect(code).toBe(0)
    expect(stdout).toContain(`Example:\n  npx ${EXAMPLES['meterhood start'] ?? 'nothing'}`)
  })
})
