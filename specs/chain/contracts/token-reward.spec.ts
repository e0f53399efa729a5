import { expect, it } from 'vitest'
import { rpcCall } from '../../../chain/network/rpc.ts'
import { ANN, BOB, buy, C, call, CAROL, MANAGER, OWNER, SCT, sell, token, tokenLab } from './token-setting.ts'

const REWARD = 2n * SCT
const lab = tokenLab({ blockReward: REWARD })
const SIGNER = CAROL
const names = (told: readonly { name: string }[]) => told.map(({ name }) => name)

/** Blocks are made by the signer; Ann has 20 SCT, and the contract C for as many again. */
async function sealed(): Promise<void> {
  await lab().rpc('anvil_setCoinbase', [SIGNER])
  await lab().do({ ...call(OWNER, 'fund'), value: 3n * C })
  await lab().do(await lab().priceCall('energy', 150_000))
  await lab().do(call(MANAGER, 'setSCTPrice', (C * 15n) / 100n, (C * 15n) / 100n))
  await lab().do(buy(ANN, 3n * C))
}

it('pays the maker of a block once, out of the reserve', async () => {
  await sealed()
  const had = await lab().balanceOf(SIGNER)
  expect(await lab().do(call(ANN, 'transfer', BOB, SCT))).toMatchObject([
    { name: 'Transfer', args: { from: ANN } },
    { name: 'Transfer', args: { from: lab().token, to: SIGNER, value: REWARD } },
    { name: 'BlockRewarded', args: { miner: SIGNER, tokenAmount: REWARD } },
  ])
  expect((await lab().balanceOf(SIGNER)) - had).toBe(REWARD)
  expect(await lab().number('totalSupply')).toBe(10_000n * SCT)
  for (const each of [sell(ANN, SCT), buy(ANN, C), call(OWNER, 'freezeAccount', BOB, false)]) {
    expect(names(await lab().do(each))).toContain('BlockRewarded')
  }
  await twoInOneBlock()
})

/** Two calls in one block: one reward. */
async function twoInOneBlock(): Promise<void> {
  const before = await lab().balanceOf(SIGNER)
  const to = lab().token
  for (const [from, other] of [
    [ANN, BOB],
    [BOB, ANN],
  ] as const) {
    const data = token.encodeFunctionData('transfer', [other, 1])
    await rpcCall(lab().chain.rpc, 'eth_sendTransaction', [
      { from, to, data, gas: '0x40000', gasPrice: '0x0' },
    ])
  }
  await lab().rpc('evm_mine')
  expect((await lab().balanceOf(SIGNER)) - before).toBe(REWARD)
}

it('leaves a reward out rather than stop a call', async () => {
  await sealed()
  const told = async () => names(await lab().do(call(ANN, 'transfer', BOB, 1n)))
  await lab().do(call(OWNER, 'freezeAccount', SIGNER, true))
  expect(await told()).toEqual(['Transfer'])
  await lab().do(call(OWNER, 'freezeAccount', SIGNER, false))
  expect(await told()).toContain('BlockRewarded')
  const before = await lab().balanceOf(SIGNER)
  for (let paid = 0; paid < 12; paid += 1) await told()
  expect(await told()).toEqual(['Transfer'])
  expect((await lab().balanceOf(SIGNER)) - before).toBeGreaterThan(REWARD)
  const [has, needs] = await lab().read('backing')
  expect(Number(has)).toBeGreaterThanOrEqual(Number(needs))
  await lab().do({ ...call(OWNER, 'fund'), value: 3n * C })
  expect(await told()).toContain('BlockRewarded')
  await lab().do(call(MANAGER, 'pause'))
  const price = (C * 15n) / 100n
  expect(names(await lab().do(call(MANAGER, 'setSCTPrice', price, price)))).toEqual(['SCTPriceSet'])
})
