import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { Fault } from '../../protocols/rules/fault.ts'
import { refusal } from '../../web/messages.ts'
import { view } from '../../web/read-model.ts'
import type { PageActions } from '../../web/server/routes.ts'
import { exampleCommunity, exampleHome } from './example-views.ts'
import { startScripted, type Script, type ScriptedGateway } from './scripted-gateway.ts'

const running: ScriptedGateway[] = []
const start = async (script: Partial<Script> = {}): Promise<ScriptedGateway> => {
  const gateway = await startScripted({ view: exampleHome(), ...script })
  running.push(gateway)
  return gateway
}
afterEach(async () => {
  await Promise.all(running.splice(0).map(({ pages }) => pages.close()))
})

const post = (gateway: ScriptedGateway, path: string, body: unknown, headers: Record<string, string> = {}) =>
  fetch(`${gateway.pages.url}api/${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  })
const refused = async (response: Response) => refusal.parse(await response.json())

/** A request whose Host header is written by the spec, which fetch does not allow. */
const statusFor = (gateway: ScriptedGateway, host: string): Promise<number> =>
  new Promise((resolve, reject) => {
    const options = { host: '127.0.0.1', port: gateway.pages.port, path: '/api/view', headers: { host } }
    request(options, (response) => {
      response.resume()
      resolve(response.statusCode ?? 0)
    })
      .on('error', reject)
      .end()
  })

describe('The view of a gateway', () => {
  it('is told as it is now', async () => {
    const gateway = await start()
    const before = view.parse(await (await fetch(`${gateway.pages.url}api/view`)).json())
    expect(before).toEqual(exampleHome())
    gateway.show({ ...exampleHome(), name: 'Renamed' })
    const after = view.parse(await (await fetch(`${gateway.pages.url}api/view`)).json())
    expect(after.name).toBe('Renamed')
  })

  it('is the community’s at the community gateway', async () => {
    const gateway = await start({ view: exampleCommunity() })
    expect(await (await fetch(`${gateway.pages.url}api/view`)).json()).toEqual(exampleCommunity())
    expect(await (await fetch(`${gateway.pages.url}api/health`)).json()).toEqual({
      ok: true,
      role: 'community',
    })
  })

  it('loses every key that the read model does not declare, so that nothing private slips out', async () => {
    const careless = { ...exampleHome(), walletKey: 'private' }
    const text = await (await fetch(`${(await start({ view: careless })).pages.url}api/view`)).text()
    expect(text).not.toContain('private')
  })

  it('is refused with the field’s name when the gateway tells something impossible', async () => {
    const gateway = await start()
    gateway.show({ ...exampleHome(), energy: { usedWh: 0.5, quotaWh: null, exportedWh: 0 } })
    const response = await fetch(`${gateway.pages.url}api/view`)
    expect(response.status).toBe(500)
    expect(await refused(response)).toMatchObject({ code: 'view-invalid', field: 'energy.usedWh' })
  })

  it('is described in OpenAPI 3.1 by the very schemas that check it', async () => {
    const text = await (await fetch(`${(await start()).pages.url}openapi.json`)).text()
    const description: unknown = JSON.parse(text)
    expect(description).toMatchObject({
      openapi: '3.1.0',
      paths: {
        '/api/view': { get: {} },
        '/api/events': { get: {} },
        '/api/actions/valve': { post: { requestBody: {} } },
      },
      components: {
        schemas: { HomeView: {}, CommunityView: {}, ReadingEvent: {}, AlarmEvent: {}, Refusal: {} },
      },
    })
    expect(text).not.toContain('HomeViewInput')
  })
})

describe('An action', () => {
  const done: string[] = []
  const actions: PageActions = {
    acknowledgeAlarm: async (id) => void done.push(`acknowledged ${id}`),
    demandProof: async (period, resource) => void done.push(`asked ${resource} ${period}`),
    setValve: async (open) => void done.push(open ? 'opened' : 'closed'),
    restorePower: async () => {
      throw new Fault('board-away', 'the power board does not answer', { fix: 'look at its link lamp' })
    },
  }
  afterEach(() => void done.splice(0))

  it('is done when its body is right', async () => {
    const gateway = await start({ actions })
    expect((await post(gateway, 'actions/valve', { open: false })).status).toBe(200)
    expect((await post(gateway, 'actions/acknowledge-alarm', { id: '41' })).status).toBe(200)
    expect((await post(gateway, 'actions/demand-proof', { period: 7, resource: 'water' })).status).toBe(200)
    expect(done).toEqual(['closed', 'acknowledged 41', 'asked water 7'])
  })

  it('ends a delegation at the community gateway, by its number', async () => {
    const endDelegation = async (id: number) => void done.push(`ended ${id}`)
    const gateway = await start({ view: exampleCommunity(), actions: { endDelegation } })
    expect((await post(gateway, 'actions/end-delegation', { delegation: 12 })).status).toBe(200)
    expect((await post(gateway, 'actions/end-delegation', { delegation: 0 })).status).toBe(400)
    expect((await post(await start({ actions }), 'actions/end-delegation', { delegation: 12 })).status).toBe(
      404,
    )
    expect(done).toEqual(['ended 12'])
  })

  it('removes a home at the community gateway, by its account', async () => {
    const removeHome = async (home: string) => void done.push(`removed ${home}`)
    const home = `0x${'a1'.repeat(20)}`
    const gateway = await start({ view: exampleCommunity(), actions: { removeHome } })
    expect((await post(gateway, 'actions/remove-home', { home })).status).toBe(200)
    const bad = await post(gateway, 'actions/remove-home', { home: 'home-02' })
    expect(bad.status).toBe(400)
    expect(await refused(bad)).toMatchObject({ field: 'home' })
    expect((await post(await start({ actions }), 'actions/remove-home', { home })).status).toBe(404)
    expect(done).toEqual([`removed ${home}`])
  })

  it('answers with the gateway’s own reason when it cannot be done', async () => {
    const response = await post(await start({ actions }), 'actions/restore-power', {})
    expect(response.status).toBe(409)
    expect(await refused(response)).toMatchObject({ code: 'board-away', fix: 'look at its link lamp' })
  })

  it('is not offered where the gateway has no such thing', async () => {
    const response = await post(await start({ view: exampleCommunity() }), 'actions/valve', { open: true })
    expect(response.status).toBe(404)
    expect((await refused(response)).code).toBe('not-here')
  })

  it.each([
    ['a wrong type', { open: 'yes' }, 'open'],
    ['a missing field', {}, 'open'],
    ['a field too many', { open: true, force: true }, 'body'],
    ['no object', [true], 'body'],
    ['broken JSON', '{"open":', 'body'],
  ])('refuses %s and names the field', async (_case, body, field) => {
    const response = await post(await start({ actions }), 'actions/valve', body)
    expect(response.status).toBe(400)
    const answer = await refused(response)
    expect(answer).toMatchObject({ code: 'bad-field', field })
    expect(answer.expected).not.toBeNull()
    expect(answer.fix).not.toBeNull()
    expect(done).toEqual([])
  })

  it('is never done for a body of any other shape', async () => {
    const gateway = await start({ actions })
    const wrong = fc.jsonValue().filter((value) => JSON.stringify(value).length < 3000)
    await fc.assert(
      fc.asyncProperty(wrong, async (body) => {
        const response = await post(gateway, 'actions/valve', JSON.stringify(body))
        expect(response.status).toBe(400)
      }),
      { numRuns: 40 },
    )
    expect(done).toEqual([])
  })

  it('refuses a body over 4096 bytes, a form, and a page of another site', async () => {
    const gateway = await start({ actions })
    const large = await post(gateway, 'actions/acknowledge-alarm', { id: 'x'.repeat(4090) })
    expect(large.status).toBe(413)
    expect((await refused(large)).code).toBe('body-too-large')
    const form = await post(gateway, 'actions/valve', 'open=true', {
      'content-type': 'application/x-www-form-urlencoded',
    })
    expect(form.status).toBe(415)
    const foreign = await post(gateway, 'actions/valve', { open: true }, { origin: 'https://evil.example' })
    expect(foreign.status).toBe(403)
    expect((await refused(foreign)).code).toBe('foreign-origin')
    const own = await post(
      gateway,
      'actions/valve',
      { open: true },
      { origin: gateway.pages.url.slice(0, -1) },
    )
    expect(own.status).toBe(200)
    expect(done).toEqual(['opened'])
  })

  it('is taken at most 60 times a minute from one device', async () => {
    const gateway = await start({ actions })
    const statuses: number[] = []
    for (let n = 0; n < 61; n++) statuses.push((await post(gateway, 'actions/valve', { open: true })).status)
    expect(statuses.slice(0, 60).every((status) => status === 200)).toBe(true)
    expect(statuses[60]).toBe(429)
  })
})

describe('The door of the page server', () => {
  it('answers only for this machine’s own names, against DNS rebinding', async () => {
    const gateway = await start()
    expect(await statusFor(gateway, `localhost:${gateway.pages.port}`)).toBe(200)
    expect(await statusFor(gateway, '127.0.0.1')).toBe(200)
    expect(await statusFor(gateway, '[::1]:80')).toBe(200)
    expect(await statusFor(gateway, 'evil.example')).toBe(421)
    expect(await statusFor(gateway, 'localhost.evil.example')).toBe(421)
    expect(await statusFor(gateway, 'localhost@evil.example')).toBe(421)
  })

  it('sends a strict policy and lets no other site read', async () => {
    const response = await fetch(`${(await start()).pages.url}api/view`, {
      headers: { origin: 'https://evil.example' },
    })
    const policy = response.headers.get('content-security-policy') ?? ''
    expect(policy).toContain("default-src 'none'")
    expect(policy).toContain("script-src 'self'")
    expect(policy).not.toContain('unsafe')
    expect(policy).not.toContain('http')
    expect(response.headers.get('access-control-allow-origin')).toBeNull()
    expect(response.headers.get('x-content-type-options')).toBe('nosniff')
    expect(response.headers.get('referrer-policy')).toBe('no-referrer')
    expect(response.headers.get('cross-origin-resource-policy')).toBe('same-origin')
    // A promise of HTTPS would cover the plain loopback ports of the same name.
    expect(response.headers.get('strict-transport-security')).toBeNull()
  })

  it('says what is wrong with an address that it does not know', async () => {
    const response = await fetch(`${(await start()).pages.url}api/nothing`)
    expect(response.status).toBe(404)
    expect((await refused(response)).code).toBe('not-found')
  })

  it('says which port is taken, in one line', async () => {
    const { pages } = await start()
    const second = startScripted({ view: exampleHome(), listen: { host: '127.0.0.1', port: pages.port } })
    await expect(second).rejects.toMatchObject({ code: 'port-taken', facts: { port: pages.port } })
    await expect(second).rejects.toThrow(/^port 127\.0\.0\.1:\d+ is taken; .*choose another port$/)
  })

  it('opens no plain port that others could reach', async () => {
    const open = startScripted({ view: exampleHome(), listen: { host: '0.0.0.0', port: 0 } })
    await expect(open).rejects.toMatchObject({ code: 'https-required' })
  })

  it('names an address that this machine does not have', async () => {
    const open = startScripted({ view: exampleHome(), listen: { host: '127.0.0.1', port: 65_536 } })
    await expect(open).rejects.toMatchObject({ code: 'port-unusable' })
  })

  it('stops listening to its gateway when it closes', async () => {
    const gateway = await start()
    expect(gateway.listeners()).toBe(1)
    await gateway.pages.close()
    expect(gateway.listeners()).toBe(0)
    await expect(fetch(gateway.pages.url)).rejects.toThrow()
  })
})

describe('The app’s files', () => {
  let folder = ''
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'meterhood-app-'))
    writeFileSync(join(folder, 'index.html'), '<!doctype html><title>built</title>')
  })
  afterAll(() => rmSync(folder, { recursive: true }))

  it('are served where they were built', async () => {
    const gateway = await start({ appFolder: folder })
    const response = await fetch(gateway.pages.url)
    expect(response.headers.get('cache-control')).toBe('no-cache')
    expect(await response.text()).toContain('built')
  })

  it('cannot be left for other files', async () => {
    const gateway = await start({ appFolder: folder })
    for (const path of ['..%2fpackage.json', '%2e%2e/%2e%2e/etc/passwd', '.%00./x']) {
      expect((await fetch(gateway.pages.url + path)).status).toBeGreaterThanOrEqual(400)
    }
  })

  it('are asked for by name when they were never built', async () => {
    const gateway = await start({ appFolder: join(folder, 'absent') })
    const response = await fetch(gateway.pages.url)
    expect(response.status).toBe(503)
    expect(await response.text()).toContain('npm run build')
  })
})
