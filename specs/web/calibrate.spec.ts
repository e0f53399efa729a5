import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { Fault } from '../../protocols/rules/fault.ts'
import type { CalibrateBody } from '../../web/messages.ts'
import { authorityOf } from './authority.ts'
import { exampleCommunity, exampleHome } from './example-views.ts'
import { startScripted, type Script, type ScriptedGateway } from './scripted-gateway.ts'

const ENTRY = fileURLToPath(new URL('cli.ts', import.meta.url))
const running: ScriptedGateway[] = []
const asked: CalibrateBody[] = []
let folder = ''

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'meterhood-calibrate-'))
})
afterEach(async () => {
  await Promise.all(running.splice(0).map(({ pages }) => pages.close()))
  rmSync(folder, { recursive: true })
  asked.splice(0)
})

const actions = { calibrate: async (wanted: CalibrateBody) => void asked.push(wanted) }

const start = async (script: Partial<Script> = {}): Promise<ScriptedGateway> => {
  const gateway = await startScripted({ view: exampleHome(), actions, ...script })
  running.push(gateway)
  return gateway
}

interface Told {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

const calibrate = (...flags: string[]): Promise<Told> =>
  new Promise((resolve) => {
    const command = ['--import', 'tsx', ENTRY, 'calibrate', ...flags]
    execFile(process.execPath, command, (error, stdout, stderr) => {
      resolve({ code: typeof error?.code === 'number' ? error.code : 0, stdout, stderr })
    })
  })

describe('meterhood calibrate', () => {
  it('shows what the boards measure and how they are set', async () => {
    const { pages } = await start()
    const { code, stdout } = await calibrate('--page', pages.url)
    expect(code).toBe(0)
    expect(stdout).toMatch(/voltage +229\.840 V +gain 1\.004200, offset 0\.000 V +\(power, live\)/)
    expect(stdout).toMatch(/temperature +21\.40 °C +not known here +\(comfort, stale\)/)
    const json = await calibrate('--page', pages.url, '--json')
    expect(JSON.parse(json.stdout)).toContainEqual({
      ...{ board: 'power', link: 'live', quantity: 'current' },
      ...{ measured: 5_460, least: 1_000, gainPpm: 1_000_000, offset: 0, atMs: null },
    })
    expect(asked).toEqual([])
  })

  it('passes on what the reference shows, to the last digit', async () => {
    const { pages } = await start()
    const place = ['--page', pages.url, '--quantity']
    expect((await calibrate(...place, 'voltage', '--reference', '231.407')).code).toBe(0)
    expect((await calibrate(...place, 'temperature', '--reference', '-3.5')).code).toBe(0)
    expect((await calibrate(...place, 'power', '--reset')).code).toBe(0)
    expect(asked).toEqual([
      { board: 'power', quantity: 'voltage', reference: 231_407 },
      { board: 'comfort', quantity: 'temperature', reference: -350 },
      { board: 'power', quantity: 'power', reference: null },
    ])
  }, 90_000)

  it('signs in by the link of a gateway on the network, whose certificate it is given', async () => {
    const { pages } = await start({ listen: { host: '127.0.0.1', port: 0, https: { folder } } })
    const stranger = await calibrate('--page', pages.link)
    expect(stranger.code).toBe(1)
    expect(stranger.stderr).toContain('give the certificate of its trust page with --ca')
    const ca = join(folder, 'authority.crt')
    writeFileSync(ca, authorityOf(folder))
    const place = ['--page', pages.link, '--ca', ca]
    expect(await calibrate(...place, '--quantity', 'current', '--reference', '5.5')).toMatchObject({
      code: 0,
      stderr: '',
    })
    expect(asked).toEqual([{ board: 'power', quantity: 'current', reference: 5_500 }])
    const signedOut = await calibrate('--page', pages.url, '--ca', ca)
    expect(signedOut.stderr).toContain('open the link that the gateway printed')
  }, 90_000)

  it('tells in one line what is wrong and what to do', async () => {
    const refuse = async (): Promise<void> => {
      throw new Fault('board-away', 'the power board does not answer', { fix: 'look at its link' })
    }
    const { pages } = await start({ actions: { calibrate: refuse } })
    const community = await start({ view: exampleCommunity() })
    const here = ['--page', pages.url]
    const told = await Promise.all([
      calibrate('--page', 'nonsense'),
      calibrate('--page', 'http://127.0.0.1:1/'),
      calibrate('--page', community.pages.url),
      calibrate(...here, '--quantity', 'weight', '--reference', '1'),
      calibrate(...here, '--quantity', 'voltage', '--reference', '1.2345'),
      calibrate(...here, '--quantity', 'voltage'),
      calibrate(...here, '--reference', '230'),
      calibrate(...here, '--ca', '/nowhere.crt'),
      calibrate(...here, '--quantity', 'voltage', '--reference', '230'),
    ])
    expect(told.map(({ code }) => code)).toEqual([2, 1, 1, 2, 2, 2, 2, 2, 1])
    const says = [
      '--page: expected the link',
      'start the gateway, or give the link that it printed',
      'name the page of a home',
      '--quantity: expected voltage, current',
      'at most 3 decimals',
      'or --reset',
      'say what the reference measures',
      '--ca: expected the certificate',
      'the power board does not answer; look at its link',
    ]
    for (const [at, { stderr }] of told.entries()) {
      expect(stderr).toContain(says[at])
      expect(stderr.trim().split('\n')).toHaveLength(1)
    }
  }, 120_000)
})
