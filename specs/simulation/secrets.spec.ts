import { describe, expect, it } from 'vitest'
import { encodeCall } from './chain/call-bytes.ts'
import { simulatedSigner } from './chain/signer.ts'
import type { ContractCall } from './contracts/call.ts'
import { secretOf } from './crypto.ts'
import { DEFAULTS } from './options.ts'
import { simulate } from './run.ts'
import type { World } from './world.ts'

const SMALL = { ...DEFAULTS, homes: 2, days: 1, seed: 'secrets', trading: false, faults: 0 }
const INVARIANT = 'I6 nobody tells a secret'

/** Simulates a small community after something was said in it; gives how often that broke the invariant. */
async function brokenBy(say: (world: World, secret: string) => void): Promise<number> {
  const { found, byInvariant } = await simulate(SMALL, undefined, (world) => {
    const home = world.homes[0]
    if (home !== undefined) say(world, secretOf(`${home.account}:0`))
  })
  expect(byInvariant[INVARIANT]).toBeGreaterThan(40)
  return found.filter(({ invariant }) => invariant === INVARIANT).length
}

/** As if a home had signed such a call. */
function sign(world: World, call: ContractCall): void {
  const account = world.homes[0]?.account ?? ''
  const fees = { gas: 100_000, maxFeeWei: 1n, tipWei: 1n, valueWei: 0n, chainId: 1337 }
  const to = world.addressOf(call.contract)
  world.pool.offer(simulatedSigner(account).sign({ ...fees, nonce: 9_999, to, data: encodeCall(call) }).raw)
}

describe('a secret', () => {
  it('is told by nobody while all is well, though every word and call is looked at', async () => {
    expect(await brokenBy(() => undefined)).toBe(0)
  })

  it('is found in a word between gateways', async () => {
    const found = await brokenBy((world, secret) => {
      const [home] = world.homes
      if (home !== undefined) world.watch.overheard(home, { kind: 'join', account: `0x${secret}` })
    })
    expect(found).toBe(1)
  })

  it('is found in the text of a call, and in the bytes of a reading', async () => {
    const found = await brokenBy((world, secret) => {
      sign(world, { contract: 'monitoring', name: 'admit', home: secret })
      const records = new Uint8Array(300)
      records.set(Buffer.from(secret, 'hex'), 201)
      sign(world, { contract: 'monitoring', name: 'submit', recipient: `0x${'0'.repeat(40)}`, records })
    })
    expect(found).toBe(2)
  })

  it('is found in what a gateway logs', async () => {
    const found = await brokenBy((world, secret) => {
      const [home] = world.homes
      if (home !== undefined) {
        world.watch.fault(home, Object.assign(new Error(`key ${secret}`), { code: 'rpc-unknown' }), 'a test')
      }
    })
    expect(found).toBeGreaterThanOrEqual(1)
  })
})
