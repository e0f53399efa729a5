import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { systemRandom } from '../../bin/clock.ts'
import { eraseRootKey, loadSecrets } from '../../bin/host/secrets.ts'
import { openKeyring, type Keyring } from '../../actors/community-gateway/keyring.ts'
import { openStore, type Store } from '../../actors/storage/store.ts'
import { nextChainKey } from '../../protocols/crypto/keys.ts'
import { codeOf } from '../../protocols/rules/fault.ts'

const OWNER = { home: '0x00000000000000000000000000000000000000aa', delegation: 0 }
const place = {
  account: '0x00000000000000000000000000000000000000cc',
  chainId: 31_337,
  monitoring: '0x00000000000000000000000000000000000000bb',
  random: systemRandom,
}

let folder = ''
let store: Store
let root: Uint8Array
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'meterhood-keyring-'))
  root = bytesOf(loadSecrets(folder, systemRandom).rootKey)
  store = await openStore({ file: join(folder, 'gateway.sqlite') })
})
afterEach(async () => {
  await store.close()
  await rm(folder, { recursive: true, force: true })
})

const bytesOf = (hex: string): Uint8Array => Uint8Array.from(Buffer.from(hex.slice(2), 'hex'))
const ring = (): Promise<Keyring> =>
  openKeyring({ store, ...place }, bytesOf(loadSecrets(folder, systemRandom).rootKey))

/** Whether bytes stand anywhere in the gateway's folder, as they are or in hexadecimal. */
async function holds(bytes: Uint8Array): Promise<boolean> {
  const files = await Promise.all((await readdir(folder)).map((name) => readFile(join(folder, name))))
  const hex = Buffer.from(bytes).toString('hex')
  return files.some((file) => file.includes(Buffer.from(bytes)) || file.includes(hex))
}

describe('the epochs of the keyring', () => {
  it('follow from each other, and old ones open until they are erased', async () => {
    const keyring = await ring()
    const first = await keyring.issue(0, OWNER)
    for (const epoch of [0, 1, 2]) await keyring.advance(epoch)
    await keyring.advance(0)
    expect(await keyring.kept()).toEqual([0, 1, 2, 3])
    const keys = await Promise.all([0, 1, 2, 3].map((epoch) => keyring.keysOf(epoch)))
    expect(new Set(keys.map(({ operation }) => operation.id)).size).toBe(4)
    expect(await keyring.secretOf(0, OWNER)).toBe(first.pair.secret)
  })

  it('leave nothing behind once erased: neither in the store nor beside it', async () => {
    const keyring = await ring()
    await keyring.advance(0)
    const second = await keyring.keysOf(1)
    expect(await holds(root)).toBe(true)
    eraseRootKey(folder, systemRandom)
    await keyring.forget(0)
    expect(await holds(root)).toBe(false)
    expect(await holds(nextChainKey(root))).toBe(true)
    await expect(keyring.keysOf(0)).rejects.toSatisfy((thrown) => codeOf(thrown) === 'epoch-unknown')
    await expect(keyring.secretOf(0, OWNER)).rejects.toThrow('not kept')
    expect((await keyring.keysOf(1)).operation.id).toBe(second.operation.id)
  })

  it('stay erased when the gateway starts again', async () => {
    const keyring = await ring()
    await keyring.advance(0)
    eraseRootKey(folder, systemRandom)
    await keyring.forget(0)
    const again = await ring()
    expect(await again.kept()).toEqual([1])
    await expect(again.keysOf(0)).rejects.toThrow('not kept')
  })
})
