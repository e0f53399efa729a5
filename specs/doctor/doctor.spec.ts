import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { z } from 'zod'
import { runDoctor } from '../../bin/commands/doctor.ts'
import { examine } from '../../bin/doctor/checks.ts'
import type { Computer } from '../../bin/doctor/computer.ts'

const MANIFEST = JSON.stringify({ dependencies: { ethers: '6', zod: '4' }, devDependencies: {} })
const FILES: Readonly<Record<string, string>> = {
  'package.json': MANIFEST,
  'node_modules/ethers/package.json': '{}',
  'node_modules/zod/package.json': '{}',
  'dist/bin/meterhood.js': '',
  '.ci/packages.txt': 'gcc-avr\nsocat\npostgresql\n',
}
const NOW = Date.UTC(2026, 10, 22)

/** A computer that has everything; each spec takes something away. */
function machine(changes: Partial<Computer> = {}, without: readonly string[] = []): Computer {
  return {
    node: '20.19.0',
    root: true,
    nowMs: () => NOW,
    read: (path) => (without.includes(path) ? null : (FILES[path] ?? null)),
    changedMs: () => NOW - 1000,
    find: (program) => (without.includes(program) ? null : `/usr/bin/${program}`),
    run: (program, args) => {
      if (program === 'dpkg-query') return without.includes(args.at(-1) ?? '') ? null : 'install ok installed'
      return program.endsWith('geth') ? 'Geth\nVersion: 1.13.15-stable\n' : 'anvil 1.7.1'
    },
    show: () => true,
    serialPorts: () => [],
    freeBytes: () => 10e9,
    portFree: async () => true,
    multicastWorks: async () => true,
    ...changes,
  }
}

const lacking = async (subject: Computer) => (await examine(subject)).filter(({ ok }) => !ok)

afterEach(() => {
  vi.restoreAllMocks()
})

describe('doctor', () => {
  it('finds nothing wrong with a computer that has everything, and answers 0', async () => {
    const said = vi.spyOn(console, 'log').mockReturnValue(undefined)
    expect(await lacking(machine())).toEqual([])
    expect(await runDoctor(machine(), {})).toBe(0)
    expect(said.mock.calls.join()).toContain('A community can run here.')
  })

  it.each([
    ['Node', machine({ node: '20.18.9' })],
    ['npm packages', machine({}, ['node_modules/zod/package.json'])],
    ['built', machine({}, ['dist/bin/meterhood.js'])],
    ['anvil', machine({}, ['anvil'])],
    ['anvil', machine({ run: (program) => (program.endsWith('anvil') ? null : 'install ok installed') })],
    ['disk', machine({ freeBytes: () => 1000 })],
    ['clock', machine({ nowMs: () => 1000 })],
    ['ports', machine({ portFree: async (port) => port !== 7401 })],
  ])('says that %s is missing, what to do, and answers 1', async (name, subject) => {
    vi.spyOn(console, 'log').mockReturnValue(undefined)
    const missing = (await lacking(subject)).filter(({ required }) => required)
    expect(missing.map((finding) => finding.name)).toEqual([name])
    expect(missing[0]?.fix).toMatch(/\w/)
    expect(await runDoctor(subject, {})).toBe(1)
  })

  it.each([
    ['multicast', machine({ multicastWorks: async () => false })],
    ['serial ports', machine({ serialPorts: () => [{ path: '/dev/ttyUSB0', usable: false }] })],
    ['geth', machine({}, ['geth'])],
    ['socat', machine({}, ['socat'])],
  ])('tells what is left out without %s, and answers 0 all the same', async (name, subject) => {
    vi.spyOn(console, 'log').mockReturnValue(undefined)
    const [missing] = await lacking(subject)
    expect(missing).toMatchObject({ name, required: false })
    expect(missing?.without).toMatch(/\w/)
    expect(await runDoctor(subject, {})).toBe(0)
  })

  it('takes a package for present when its program is there, installed by other means', async () => {
    expect(
      await lacking(machine({ run: (program) => (program === 'dpkg-query' ? null : 'Version: 1.13.15') })),
    ).toEqual([])
  })

  it('names the taken ports', async () => {
    const subject = machine({ portFree: async (port) => port < 7439 })
    expect((await lacking(subject))[0]?.found).toBe('taken: 7439, 7440')
  })

  describe('--fix', () => {
    it('installs exactly the missing packages when it may', async () => {
      vi.spyOn(console, 'log').mockReturnValue(undefined)
      const ran: string[] = []
      const show = (program: string, args: readonly string[]) => ran.push([program, ...args].join(' ')) > 0
      expect(await runDoctor(machine({ show }, ['gcc-avr', 'avr-gcc', 'socat']), { fix: true })).toBe(0)
      expect(ran).toEqual(['apt-get update -qq', 'apt-get install -y --no-install-recommends gcc-avr socat'])
    })

    it('prints the line to run when it may not, and answers 1', async () => {
      vi.spyOn(console, 'log').mockReturnValue(undefined)
      const said = vi.spyOn(console, 'error').mockReturnValue(undefined)
      expect(await runDoctor(machine({ root: false }, ['socat']), { fix: true })).toBe(1)
      expect(said.mock.calls.join()).toContain('sudo apt-get install -y --no-install-recommends socat')
    })

    it('answers 1 when the installation fails', async () => {
      vi.spyOn(console, 'log').mockReturnValue(undefined)
      expect(await runDoctor(machine({ show: () => false }, ['socat']), { fix: true })).toBe(1)
    })

    it('does nothing when nothing is missing', async () => {
      vi.spyOn(console, 'log').mockReturnValue(undefined)
      const show = vi.fn(() => true)
      expect(await runDoctor(machine({ show }), { fix: true })).toBe(0)
      expect(show).not.toHaveBeenCalled()
    })
  })

  it('examines this very computer as a process, and its JSON and exit code agree', () => {
    const entry = fileURLToPath(new URL('cli.ts', import.meta.url))
    const { stdout, status } = spawnSync(process.execPath, ['--import', 'tsx', entry, 'doctor', '--json'], {
      encoding: 'utf8',
    })
    const shape = z.object({
      ok: z.boolean(),
      findings: z.array(z.object({ name: z.string(), ok: z.boolean(), required: z.boolean() })),
    })
    const report = shape.parse(JSON.parse(stdout))
    expect(report.ok).toBe(report.findings.every(({ ok, required }) => ok || !required))
    expect(status).toBe(report.ok ? 0 : 1)
    const found = new Map(report.findings.map(({ name, ok }) => [name, ok]))
    expect(found.get('Node')).toBe(true)
    expect(found.get('npm packages')).toBe(true)
    expect(found.get('anvil')).toBe(true)
  })
})
