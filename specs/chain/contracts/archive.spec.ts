import { Interface, toBeHex } from 'ethers'
import { expect, it } from 'vitest'
import { archiveAbi } from '../../../chain/bindings/archive.gen.ts'
import { anchorCall, isAnchored, newestAnchor } from '../../../chain/archive/anchored.ts'
import { carriedOver } from '../../../chain/archive/next-genesis.ts'
import { ANN, LOT, marketLab } from './market.ts'

const market = marketLab()
const face = new Interface(archiveAbi)
const hash = (byte: number): string => `0x${byte.toString(16).padStart(2, '0').repeat(32)}`
const archiveOf = (height: number) => ({
  ...{ height, blockHash: hash(height), root: hash(height + 1) },
  ...{ previous: hash(0), next: hash(height + 2) },
})

function anchoring(height: number, from?: string) {
  const { archive: to, community } = market().lab.contracts
  const [name, data] = ['anchor', anchorCall(archiveOf(height))]
  return { from: from ?? community, to, contract: face, name, args: [...face.decodeFunctionData(name, data)] }
}

const ask = (method: string, params: readonly unknown[]) => market().lab.rpc(method, params)

it('lets only the manager anchor an archive', async () => {
  const { lab } = market()
  expect(await lab.refusalOf(anchoring(5, ANN))).not.toBeNull()
  expect(await lab.refusalOf(anchoring(5))).toBeNull()
})

it('anchors only upwards with NotNewer', async () => {
  const { lab } = market()
  await lab.do(anchoring(5))
  for (const height of [5, 4]) {
    const args = { height: BigInt(height), newest: 5n }
    expect(await lab.refusalOf(anchoring(height))).toEqual({ name: 'NotNewer', args })
  }
})

it('names the newest archive, and tells of each', async () => {
  const { lab } = market()
  const { archive } = lab.contracts
  expect(await newestAnchor(ask, archive)).toBeNull()
  await lab.do(anchoring(5))
  await lab.do(anchoring(9))
  expect(await newestAnchor(ask, archive)).toEqual({ height: 9, root: hash(10) })
  expect(await isAnchored(ask, archive, archiveOf(5))).toBe(true)
  expect(await isAnchored(ask, archive, archiveOf(9))).toBe(true)
  expect(await isAnchored(ask, archive, archiveOf(7))).toBe(false)
})

it('names no archive where the chain does not reach its contract yet', async () => {
  expect(await newestAnchor(ask, `0x${'ab'.repeat(20)}`)).toBeNull()
})

it('counts blocks on from the height that its chain began at', async () => {
  const { lab } = market()
  const { trading } = lab.contracts
  const address = trading.toLowerCase()
  const block = { number: 7, height: 70_000, hash: hash(1), timestampS: 0, stateRoot: hash(2) }
  const account = { address, nonce: 1, balance: '0', code: '0x', storage: {} }
  const { storage } = carriedOver(account, { heights: [address], block })
  for (const [place, word] of Object.entries(storage))
    await lab.rpc('anvil_setStorageAt', [trading, place, word])
  expect(Object.values(storage)).toEqual([toBeHex(70_000, 32)])
  const secret = await market().offer(LOT)
  const { blockNumber } = await market().bid(secret, ANN, 1n)
  const [height] = await market().read('showFrom', secret.id)
  expect(height).toBe(BigInt(70_000 + blockNumber + 4))
})
