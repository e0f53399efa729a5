import { X509Certificate } from 'node:crypto'
import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { request, type RequestOptions } from 'node:https'
import { isIP } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect } from 'node:tls'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { loadCertificates } from '../../web/server/certificates.ts'
import { isLoopback, localNames } from '../../web/server/names.ts'
import { preparePort } from '../../web/server/port.ts'
import { randomBytes } from 'node:crypto'
import { authorityOf } from './authority.ts'
import { exampleHome } from './example-views.ts'
import { startScripted, type Script, type ScriptedGateway } from './scripted-gateway.ts'

const DAY_MS = 86_400_000
const random = (length: number): Uint8Array => Uint8Array.from(randomBytes(length))
const silent = { info: () => undefined, warn: () => undefined, error: () => undefined }
const running: ScriptedGateway[] = []
let folder = ''

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'meterhood-https-'))
})
afterEach(async () => {
  await Promise.all(running.splice(0).map(({ pages }) => pages.close()))
  rmSync(folder, { recursive: true })
})

const start = async (script: Partial<Script> = {}): Promise<ScriptedGateway> => {
  const listen = { host: '127.0.0.1', port: 0, https: { folder } }
  const gateway = await startScripted({ view: exampleHome(), listen, ...script })
  running.push(gateway)
  return gateway
}

interface Answer {
  readonly status: number
  readonly text: string
  readonly cookie: string | undefined
}

/** An HTTPS request that trusts the gateway's authority and nothing else. */
function ask(
  gateway: ScriptedGateway,
  path: string,
  options: RequestOptions = {},
  body?: object,
): Promise<Answer> {
  const ca = authorityOf(folder)
  const method = body === undefined ? 'GET' : 'POST'
  const headers = Object.assign({ 'content-type': 'application/json' }, options.headers)
  const where = {
    host: 'localhost',
    servername: 'localhost',
    port: gateway.pages.port,
    path,
    method,
    agent: false as const,
  }
  return new Promise((resolve, reject) => {
    request({ ca, ...where, ...options, headers }, (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.on('end', () => {
        const text = Buffer.concat(chunks).toString()
        resolve({ status: response.statusCode ?? 0, text, cookie: response.headers['set-cookie']?.[0] })
      })
    })
      .on('error', reject)
      .end(body === undefined ? undefined : JSON.stringify(body))
  })
}

const tokenOf = (gateway: ScriptedGateway): string => gateway.pages.link.split('#access=')[1] ?? ''
const sessionOf = async (gateway: ScriptedGateway): Promise<string> => {
  const { cookie } = await ask(gateway, '/api/session', {}, { token: tokenOf(gateway) })
  return cookie?.split(';')[0] ?? ''
}

describe('The private authority of a gateway', () => {
  it('vouches for localhost and every address of this machine, to a device that trusts it', async () => {
    const gateway = await start()
    for (const name of localNames().filter((each) => isIP(each) === 0 || isLoopback(each))) {
      const servername = isIP(name) === 0 ? name : ''
      const authorised = await new Promise<boolean>((resolve, reject) => {
        const options = { host: '127.0.0.1', port: gateway.pages.port, servername, ca: authorityOf(folder) }
        const socket = connect(options, () => {
          const certificate = new X509Certificate(socket.getPeerX509Certificate()?.raw ?? '')
          const covers = isIP(name) === 0 ? certificate.checkHost(name) : certificate.checkIP(name)
          resolve(socket.authorized && covers !== undefined)
          socket.end()
        }).on('error', reject)
      })
      expect(authorised, name).toBe(true)
    }
  })

  it('is refused by a device that does not trust it', async () => {
    const gateway = await start()
    await expect(ask(gateway, '/', { ca: [] })).rejects.toThrow(/self-signed|unable to verify|issuer/)
  })

  it('keeps its keys for their owner only, and itself over a restart', async () => {
    const first = await start()
    for (const part of ['tls', 'pages']) {
      expect(statSync(join(folder, part)).mode & 0o777).toBe(0o700)
      for (const file of readdirSync(join(folder, part))) {
        expect(statSync(join(folder, part, file)).mode & 0o777, file).toBe(0o600)
      }
    }
    await first.pages.close()
    const second = await start()
    expect(second.pages.fingerprint).toBe(first.pages.fingerprint)
    expect(tokenOf(second)).toBe(tokenOf(first))
  })

  it('is told on the trust page with its fingerprint, and is what that page gives', async () => {
    const gateway = await start()
    const page = await ask(gateway, '/trust')
    expect(page.text.replaceAll('<wbr>', '')).toContain(gateway.pages.fingerprint)
    expect(page.text).toContain('Trust Maple House 2')
    const given = new X509Certificate((await ask(gateway, '/trust/meterhood-ca.crt')).text)
    expect(given.fingerprint256).toBe(gateway.pages.fingerprint)
    expect(given.ca).toBe(true)
  })

  it('is never replaced silently when its file is damaged', async () => {
    await (await start()).pages.close()
    writeFileSync(join(folder, 'tls', 'authority.json'), '{"key":""}')
    await expect(start()).rejects.toMatchObject({ code: 'certificate-unreadable' })
  })
})

describe('The certificate of a gateway', () => {
  const clock = (days: number) => ({ nowMs: () => Date.now() + days * DAY_MS })
  const load = (names: readonly string[], days = 0) =>
    loadCertificates(folder, 'Home, O=evil', names, clock(days), random)

  it('is kept while it covers every name and lasts, else made anew by the same authority', async () => {
    const first = await load(['localhost'])
    expect((await load(['localhost'])).leaf).toEqual(first.leaf)
    const moved = await load(['localhost', '192.168.7.9'])
    expect(moved.leaf).not.toEqual(first.leaf)
    expect(new X509Certificate(moved.leaf.cert).checkIP('192.168.7.9')).toBe('192.168.7.9')
    const later = await load(['localhost'], 340)
    expect(later.leaf).not.toEqual(moved.leaf)
    expect(later.fingerprint).toBe(first.fingerprint)
  })

  it('lives no longer than browsers allow, and names nothing but the gateway', async () => {
    const { leaf, authorityPem } = await load(['localhost'])
    const certificate = new X509Certificate(leaf.cert)
    const days = (Date.parse(certificate.validTo) - Date.parse(certificate.validFrom)) / DAY_MS
    expect(days).toBeLessThanOrEqual(398)
    expect(certificate.ca).toBe(false)
    expect(new X509Certificate(authorityPem).subject).toMatch(/^CN=Meterhood Home Oevil [0-9a-f]{8}$/)
  })

  it('is made anew when its file is damaged', async () => {
    await load(['localhost'])
    writeFileSync(join(folder, 'leaf.json'), 'torn')
    const { leaf, authorityPem } = await load(['localhost'])
    expect(new X509Certificate(leaf.cert).verify(new X509Certificate(authorityPem).publicKey)).toBe(true)
  })

  it('is renewed on an open port, without a restart', async () => {
    let days = 0
    const moving = { nowMs: () => Date.now() + days * DAY_MS }
    const parts = { label: 'Home', clock: moving, random, logger: silent, checkMs: 20 }
    const port = await preparePort({ host: '127.0.0.1', port: 0, https: { folder } }, parts)
    const server = port.serverFactory?.((_request, response) => void response.end(), {})
    await new Promise<void>((resolve) => server?.listen(0, '127.0.0.1', resolve))
    const address = server?.address()
    const number = typeof address === 'object' && address !== null ? address.port : 0
    const serial = (): Promise<string> =>
      new Promise((resolve, reject) => {
        const socket = connect({ host: '127.0.0.1', port: number, rejectUnauthorized: false }, () => {
          resolve(socket.getPeerCertificate().serialNumber)
          socket.end()
        }).on('error', reject)
      })
    const before = await serial()
    days = 340
    await vi.waitFor(async () => expect(await serial()).not.toBe(before), { timeout: 10_000, interval: 50 })
    port.close()
    server?.close()
  })
})

describe('A device on the network', () => {
  it('is told nothing of the home before it has signed in', async () => {
    const gateway = await start()
    for (const path of ['/api/view', '/api/events']) {
      const answer = await ask(gateway, path)
      expect(answer.status).toBe(401)
      expect(JSON.parse(answer.text)).toMatchObject({ code: 'signed-out' })
      expect(answer.text).not.toContain('Maple')
    }
    expect((await ask(gateway, '/api/actions/valve', {}, { open: true })).status).toBe(401)
  })

  it('signs in by the link and gets a cookie that scripts and other sites cannot use', async () => {
    const gateway = await start()
    const { status, cookie = '' } = await ask(gateway, '/api/session', {}, { token: tokenOf(gateway) })
    expect(status).toBe(200)
    expect(cookie).toMatch(/^__Host-meterhood-[0-9a-f]{8}=/)
    for (const attribute of ['HttpOnly', 'Secure', 'SameSite=Strict', 'Path=/'])
      expect(cookie).toContain(attribute)
    expect(cookie).not.toContain(tokenOf(gateway))
    const view = await ask(gateway, '/api/view', { headers: { cookie: await sessionOf(gateway) } })
    expect(view.status).toBe(200)
  })

  it('stays signed in when the gateway restarts', async () => {
    const first = await start()
    const cookie = await sessionOf(first)
    await first.pages.close()
    expect((await ask(await start(), '/api/view', { headers: { cookie } })).status).toBe(200)
  })

  it('is signed out after 30 days without a visit', async () => {
    let days = 0
    const gateway = await start({ clock: { nowMs: () => Date.now() + days * DAY_MS } })
    const cookie = await sessionOf(gateway)
    days = 29
    expect((await ask(gateway, '/api/view', { headers: { cookie } })).status).toBe(200)
    days = 31
    expect((await ask(gateway, '/api/view', { headers: { cookie } })).status).toBe(401)
  })

  it('gains nothing by changing any character of its cookie', async () => {
    const gateway = await start()
    const cookie = await sessionOf(gateway)
    const [name = '', value = ''] = cookie.split('=')
    for (let at = 0; at < value.length; at += 5) {
      const other = value[at] === 'A' ? 'B' : 'A'
      const forged = `${name}=${value.slice(0, at)}${other}${value.slice(at + 1)}`
      expect((await ask(gateway, '/api/view', { headers: { cookie: forged } })).status).toBe(401)
    }
  })

  it('gets nowhere with the session of another gateway', async () => {
    const cookie = await sessionOf(await start())
    const own = folder
    folder = mkdtempSync(join(tmpdir(), 'meterhood-https-'))
    const neighbour = await start()
    expect((await ask(neighbour, '/api/view', { headers: { cookie } })).status).toBe(401)
    rmSync(own, { recursive: true })
  })

  it('may guess ten codes a minute', async () => {
    const gateway = await start()
    const statuses: number[] = []
    for (let n = 0; n < 11; n++)
      statuses.push((await ask(gateway, '/api/session', {}, { token: `${n}` })).status)
    expect(statuses.slice(0, 10)).toEqual(Array.from({ length: 10 }, () => 401))
    expect(statuses[10]).toBe(429)
  })

  it('is served only under the names of the certificate', async () => {
    const gateway = await start()
    expect((await ask(gateway, '/api/health', { headers: { host: 'evil.example' } })).status).toBe(421)
  })
})
