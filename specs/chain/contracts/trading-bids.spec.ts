import { toBeHex, ZeroHash } from 'ethers'
import { expect, it } from 'vitest'
import { z } from 'zod'
import { homeAddress, type Call } from '../../../bench/contract-lab.ts'
import { ENERGY, POWER, trading, type Secret } from '../../../bench/market-lab.ts'
import { bidSeal, maxPriceSeal } from '../../../protocols/crypto/auction-seal.ts'
import { ANN, BOB, BOND, BUYER, CAROL, CREDIT, DAN, LOT, MARKET_SETTINGS, PART } from './market.ts'
import { gains, marketLab, refused, STATE, toldIn } from './market.ts'
import { mineBlocks } from './setting.ts'

const market = marketLab()
const SEAL = `0x${'5e'.repeat(32)}`

/** An offer with two bids, whose maximum price is shown. */
async function shown(): Promise<Secret> {
  const secret = await market().offer(LOT)
  await market().bid(secret, ANN, 700_000n)
  await market().bid(secret, BOB, 500_000n)
  await market().show(secret)
  return secret
}

it('takes bids of members only with NotAdmitted', async () => {
  const { lab } = market()
  const secret = await market().offer(LOT)
  await lab.do(lab.asManager('revoke', ANN))
  await refused(market(), market().bidCall(secret, ANN, 1n), 'NotAdmitted')
  await refused(market(), market().bidCall(secret, homeAddress(99), 1n), 'NotAdmitted')
})

it('takes no bid of the buyer itself with OwnAuction', async () => {
  const secret = await market().offer(LOT)
  await refused(market(), market().bidCall(secret, BUYER, 1n), 'OwnAuction', { id: BigInt(secret.id) })
})

it('takes one bid of a home, and no empty one: AlreadyBid, EmptySeal', async () => {
  const secret = await market().offer(LOT)
  await refused(market(), market().to(ANN, 'receiveBid', secret.id, ZeroHash), 'EmptySeal')
  await market().bid(secret, ANN, 5n)
  await refused(market(), market().bidCall(secret, ANN, 4n), 'AlreadyBid')
  expect(await market().read('bidOf', secret.id, ANN)).toEqual([expect.anything(), 1n, 1n])
})

it('takes bids up to the end of their phase, and not a second later, with BidsAreOver', async () => {
  const secret = await market().offer(LOT)
  const { commitEnd } = await market().auctionOf(secret)
  await market().passTo(BigInt(String(commitEnd)) - 1n)
  await market().bid(secret, ANN, 1n)
  expect(await market().now()).toBe(commitEnd)
  await market().pass(1)
  await refused(market(), market().bidCall(secret, BOB, 1n), 'BidsAreOver', { end: commitEnd })
})

it('counts up to 65,535 bids with TooManyBids', async () => {
  const { lab } = market()
  const secret = await market().offer(LOT)
  const call = market().bidCall(secret, ANN, 1n)
  const request = { from: ANN, to: call.to, data: trading.encodeFunctionData(call.name, call.args) }
  const answer = listSchema.parse(await lab.rpc('eth_createAccessList', [request, 'latest']))
  const keys = answer.accessList.flatMap(({ address, storageKeys }) =>
    address.toLowerCase() === call.to.toLowerCase() ? storageKeys : [],
  )
  const words = await Promise.all(
    keys.map(async (key) => BigInt(String(await lab.rpc('eth_getStorageAt', [call.to, key, 'latest'])))),
  )
  // The word of progress: open, no reason, energy, no bids, no reveals, the amount.
  const at = words.findIndex((word) => (word & (2n ** 104n - 1n)) === 1n + (1n << 16n) + (2000n << 56n))
  const full = (words[at] ?? 0n) | (65_535n << 24n)
  await lab.rpc('anvil_setStorageAt', [call.to, keys[at], toBeHex(full, 32)])
  await refused(market(), call, 'TooManyBids')
})

const listSchema = z.object({
  accessList: z.array(z.object({ address: z.string(), storageKeys: z.array(z.string()) })),
})

it('takes the same bond of every seller with NotEnoughCredit', async () => {
  const secret = await market().offer(LOT)
  await market().lab.do(market().to(ANN, 'withdraw', CREDIT - BOND + 1n))
  await refused(market(), market().bidCall(secret, ANN, 1n), 'NotEnoughCredit', { needs: BOND })
  await market().bid(secret, BOB, 1n)
  expect(await gains(market(), [BOB])).toEqual([-BOND])
})

it('locks what is bid, so that no home sells twice what it has, with QuotaTooSmall', async () => {
  const secret = await market().offer({ ...LOT, amount: 6000 })
  const other = await market().offer({ ...LOT, amount: 4001 })
  const receipt = await market().bid(secret, ANN, 1n)
  expect(toldIn(market(), receipt)).toMatchObject([{ name: 'BidReceived', args: { index: 1n } }])
  await refused(market(), market().bidCall(other, ANN, 1n), 'QuotaTooSmall', { has: 4000n, wanted: 4001n })
  const free = await market().lab.readQuota('freeOf', ANN, await market().period(), ENERGY)
  expect(free).toEqual([BigInt(PART - 6000)])
})

it('locks power in the places of the window, with NoPlace when they are all taken', async () => {
  const period = (await market().period()) + 1
  const fromSlot = period * MARKET_SETTINGS.slotsPerBilling + 10
  const window = { resource: POWER, period, fromSlot, untilSlot: fromSlot + 5 }
  const asked = { ...LOT, ...window, amount: 1, maxPrice: 1n, commitSeconds: 120 }
  for (let n = 0; n < 32; ++n) await market().offer(asked)
  const { call } = await market().offerCall(asked)
  await refused(market(), call, 'NoPlace')
})

it('seals as EIP-712 has it: bound to chain, contract, auction, account and kind', async () => {
  const salt = new Uint8Array(32).fill(7)
  const sealed = { auctionId: toBeHex(77n, 32), account: ANN, valueMicroSct: 5n, salt }
  const read = async (name: string) => (await market().read(name, 77n, ANN, 5n, salt))[0]
  expect(await read('bidSeal')).toBe(bidSeal(market().domain, sealed))
  expect(await read('maxPriceSeal')).toBe(maxPriceSeal(market().domain, sealed))
  const elsewhere = [
    bidSeal({ ...market().domain, chainId: 1 }, sealed),
    bidSeal({ ...market().domain, trading: ANN }, sealed),
    bidSeal(market().domain, { ...sealed, auctionId: toBeHex(78n, 32) }),
    bidSeal(market().domain, { ...sealed, account: BOB }),
    maxPriceSeal(market().domain, sealed),
  ]
  expect(elsewhere).not.toContain(bidSeal(market().domain, sealed))
})

it('shows nothing before three blocks and three block periods after the bids with GapNotOver', async () => {
  const secret = await market().offer(LOT)
  const { commitEnd } = await market().auctionOf(secret)
  const end = BigInt(String(commitEnd))
  await market().passTo(end - 1n)
  const { blockNumber } = await market().bid(secret, ANN, 1n)
  const from = [BigInt(blockNumber + 4), end + 4n]
  expect(await market().read('showFrom', secret.id)).toEqual(from)
  const gap = { height: from[0], time: from[1] }
  await refused(market(), market().showCall(secret), 'GapNotOver', gap)
  // A call that is only tried runs in the newest block.
  await mineBlocks(market().lab, 3)
  await refused(market(), market().showCall(secret), 'GapNotOver', gap)
  await mineBlocks(market().lab, 1)
  expect(await market().lab.refusalOf(market().showCall(secret))).toBeNull()
})

it('counts the blocks of the gap although time has passed', async () => {
  const secret = await market().offer(LOT)
  const { commitEnd } = await market().auctionOf(secret)
  await market().passTo(BigInt(String(commitEnd)) - 1n)
  await market().bid(secret, ANN, 1n)
  await market().pass(20)
  await refused(market(), market().showCall(secret), 'GapNotOver')
})

it('lets the buyer alone show, in time: NotTheBuyer, ShowingIsOver', async () => {
  const secret = await market().offer(LOT)
  await market().bid(secret, ANN, 1n)
  const { showEnd } = await market().auctionOf(secret)
  await market().passGap(secret)
  const salt = market().saltOf(secret.id, BUYER)
  const another = market().to(ANN, 'depositMaxPrice', secret.id, LOT.maxPrice, salt)
  await refused(market(), another, 'NotTheBuyer')
  await market().passTo(BigInt(String(showEnd)))
  expect(await market().lab.refusalOf(market().showCall(secret))).toBeNull()
  await market().pass(1)
  await refused(market(), market().showCall(secret), 'ShowingIsOver', { end: showEnd })
})

it('shows what was sealed and nothing else with WrongSeal', async () => {
  const secret = await market().offer(LOT)
  await market().bid(secret, ANN, 1n)
  await market().passGap(secret)
  const salt = market().saltOf(secret.id, BUYER)
  const show = (...args: unknown[]): Call => market().to(BUYER, 'depositMaxPrice', secret.id, ...args)
  await refused(market(), show(LOT.maxPrice + 1n, salt), 'WrongSeal')
  await refused(market(), show(LOT.maxPrice, new Uint8Array(32)), 'WrongSeal')
  const receipt = await market().lab.do(market().showCall(secret))
  const revealEnd = (await market().now()) + 30n
  const told = { name: 'MaxPriceShown', args: { maxPrice: LOT.maxPrice, revealEnd } }
  expect(toldIn(market(), receipt)).toMatchObject([told])
  await refused(market(), market().showCall(secret), 'WrongState', { state: STATE.shown })
})

it('takes no maximum price above the bond with MaxPriceAboveBond', async () => {
  const above = await market().offer({ ...LOT, maxPrice: BOND + 1n })
  const equal = await market().offer({ ...LOT, maxPrice: BOND })
  for (const secret of [above, equal]) await market().bid(secret, ANN, 1n)
  for (const secret of [above, equal]) await market().passGap(secret)
  await refused(market(), market().showCall(above), 'MaxPriceAboveBond', { bond: BOND })
  expect(await market().lab.refusalOf(market().showCall(equal))).toBeNull()
})

it('takes reveals after the maximum price, up to their end: WrongState, RevealsAreOver', async () => {
  const secret = await market().offer(LOT)
  await market().bid(secret, ANN, 1n)
  await market().bid(secret, BOB, 1n)
  await refused(market(), market().revealCall(secret, ANN), 'WrongState', { state: STATE.open })
  await market().show(secret)
  const { revealEnd } = await market().auctionOf(secret)
  await market().passTo(BigInt(String(revealEnd)) - 1n)
  const receipt = await market().reveal(secret, ANN)
  expect(toldIn(market(), receipt)).toMatchObject([{ name: 'BidRevealed', args: { value: 1n } }])
  const late = market().revealCall(secret, BOB)
  expect(await market().lab.refusalOf(late)).toBeNull()
  await market().pass(1)
  await refused(market(), late, 'RevealsAreOver', { end: revealEnd })
})

it('takes each bid once, of who put it in: NoBid, AlreadyRevealed', async () => {
  const secret = await shown()
  secret.bids.set(CAROL, 1n)
  await refused(market(), market().revealCall(secret, CAROL), 'NoBid')
  await market().reveal(secret, ANN)
  await refused(market(), market().revealCall(secret, ANN), 'AlreadyRevealed')
})

it('takes no other value, no other salt, and no seal copied from another bid or auction', async () => {
  const secret = await shown()
  const reveal = (from: string, value: bigint, saltOf: string, id = secret.id) =>
    market().to(from, 'revealBid', secret.id, value, market().saltOf(id, saltOf))
  await refused(market(), reveal(ANN, 699_999n, ANN), 'WrongSeal')
  await refused(market(), reveal(ANN, 700_000n, BOB), 'WrongSeal')
  const copied = await market().offer(LOT)
  const sealOfAnn = (await market().read('bidOf', secret.id, ANN))[0]
  await market().lab.do(market().to(DAN, 'receiveBid', copied.id, sealOfAnn))
  await market().lab.do(market().to(ANN, 'receiveBid', copied.id, sealOfAnn))
  await market().show(copied)
  for (const from of [DAN, ANN]) {
    const salt = market().saltOf(secret.id, ANN)
    await refused(market(), market().to(from, 'revealBid', copied.id, 700_000n, salt), 'WrongSeal')
  }
})

it('takes a seal that nobody can open, which then costs its bond', async () => {
  const secret = await market().offer(LOT)
  await market().lab.do(market().to(ANN, 'receiveBid', secret.id, SEAL))
  await market().show(secret)
  await market().pass(31)
  await market().check(secret)
  expect(await market().number('forfeitOf', secret.id)).toBe(BOND)
})
