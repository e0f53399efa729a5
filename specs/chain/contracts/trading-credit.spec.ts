import { concat, getCreateAddress, Interface, toBeHex, Wallet, ZeroHash } from 'ethers'
import { expect, it } from 'vitest'
import type { Call } from '../../../bench/contract-lab.ts'
import { SCT, token, trading } from '../../../bench/market-lab.ts'
import { tradingBytecode } from '../../../chain/bindings/trading.gen.ts'
import { compiled } from './compiled.ts'
import { ANN, BOB, BOND, BUYER, CREDIT, LOT, TRADERS } from './market.ts'
import { gains, marketLab, refundAll, refused, toldIn } from './market.ts'

const market = marketLab()
const freeze = (account: string, frozen: boolean): Call =>
  market().toToken(market().lab.manager.address, 'freezeAccount', account, frozen)
const stop = (name: 'pause' | 'unpause'): Call => market().toToken(market().lab.manager.address, name)
const refusalOf = async (call: Call): Promise<string | undefined> => {
  const refusal = await market().lab.refusalOf(call)
  return token.parseError(refusal?.name ?? '0x')?.name ?? refusal?.name
}

it('takes SCT in and gives them back, to the last micro-SCT', async () => {
  const receipt = await market().lab.do(market().to(ANN, 'withdraw', CREDIT))
  expect(toldIn(market(), receipt)).toMatchObject([{ name: 'Withdrawn', args: { amount: CREDIT } }])
  expect(await market().balanceOf(ANN)).toBe(CREDIT)
  await refused(market(), market().to(ANN, 'withdraw', 1n), 'NotEnoughCredit', { has: 0n, needs: 1n })
  await market().lab.do(market().toToken(ANN, 'approve', market().lab.contracts.trading, 5n))
  const again = await market().lab.do(market().to(ANN, 'deposit', 5n))
  expect(toldIn(market(), again)).toMatchObject([{ name: 'Deposited', args: { amount: 5n } }])
  expect(await market().creditOf(ANN)).toBe(5n)
})

it('takes SCT in by a permit, also when somebody else has used it already', async () => {
  const { lab } = market()
  const wallet = new Wallet(ZeroHash.replace(/0$/, '7'))
  await lab.do(market().toToken(lab.manager.address, 'createToken', 2n * SCT, wallet.address))
  const { chainId, token: verifyingContract, trading: spender } = lab.contracts
  const domain = { name: 'Smart Community Token', version: '1', chainId, verifyingContract }
  const fields = ['owner', 'spender', 'value', 'nonce', 'deadline']
  const Permit = fields.map((name, index) => ({ name, type: index < 2 ? 'address' : 'uint256' }))
  const permitted = async (nonce: number, value: bigint) => {
    const deadline = 2n ** 64n
    const values = { owner: wallet.address, spender, value, nonce, deadline }
    const signature = await wallet.signTypedData(domain, { Permit }, values)
    const { v, r, s } = split(signature)
    return {
      deposit: [value, deadline, v, r, s],
      permit: [wallet.address, spender, value, deadline, v, r, s],
    }
  }
  const first = await permitted(0, SCT)
  await lab.do(market().to(wallet.address, 'depositWithPermit', ...first.deposit))
  expect(await market().creditOf(wallet.address)).toBe(SCT)
  const second = await permitted(1, SCT)
  await lab.do(market().toToken(BOB, 'permit', ...second.permit))
  await lab.do(market().to(wallet.address, 'depositWithPermit', ...second.deposit))
  expect(await market().creditOf(wallet.address)).toBe(2n * SCT)
  const third = market().to(wallet.address, 'depositWithPermit', ...second.deposit)
  expect(await refusalOf(third)).toBe('ERC20InsufficientAllowance')
})

function split(signature: string) {
  const at = (from: number, to: number) => `0x${signature.slice(2 + 2 * from, 2 + 2 * to)}`
  return { r: at(0, 32), s: at(32, 64), v: Number(at(64, 65)) }
}

it('goes on to the end when a party is frozen in the middle: it alone cannot withdraw', async () => {
  const { lab } = market()
  const secret = await market().offer(LOT)
  for (const seller of [ANN, BOB]) await market().bid(secret, seller, seller === ANN ? 1n : 2n)
  for (const account of [BUYER, ANN]) await lab.do(freeze(account, true))
  await market().show(secret)
  await market().revealAll(secret)
  await market().check(secret)
  await refundAll(market(), secret, 'refundSucceed', [BUYER, ANN, BOB])
  await lab.do(market().to(BUYER, 'confirmResourceExchange', secret.id))
  expect(await gains(market(), [BUYER, ANN, BOB])).toEqual([-2n, 2n, 0n])
  await lab.do(market().to(BOB, 'withdraw', CREDIT))
  const frozen = market().to(ANN, 'withdraw', CREDIT)
  expect(await refusalOf(frozen)).toBe('AccountFrozen')
  await lab.do(freeze(ANN, false))
  await lab.do(frozen)
})

it('goes on to the end while the token is paused: credit is paid out when it goes on', async () => {
  const { lab } = market()
  await lab.do(stop('pause'))
  const secret = await market().auction(LOT, [[ANN, 1n]])
  await lab.do(market().to(BUYER, 'confirmResourceExchange', secret.id))
  await refundAll(market(), secret, 'refundSucceed', [BUYER, ANN])
  expect(await gains(market(), [BUYER, ANN])).toEqual([-LOT.maxPrice, LOT.maxPrice])
  expect(await refusalOf(market().to(ANN, 'withdraw', 1n))).toBe('EnforcedPause')
  await lab.do(stop('unpause'))
  await lab.do(market().to(ANN, 'withdraw', CREDIT + LOT.maxPrice))
})

it('pays in after the transfer and out before it, so that no call in between gains', async () => {
  const { lab } = market()
  const { abi, code } = compiled('Thief')
  const face = new Interface(abi)
  const create = async (data: string): Promise<string> => {
    const nonce = Number(await lab.rpc('eth_getTransactionCount', [BUYER, 'latest']))
    await lab.rpc('eth_sendTransaction', [{ from: BUYER, data, gas: toBeHex(8_000_000), gasPrice: '0x0' }])
    await lab.rpc('evm_mine')
    return getCreateAddress({ from: BUYER, nonce })
  }
  const thief = await create(code)
  const { access, quota } = lab.contracts
  const made = trading.encodeDeploy([access, thief, quota, [1, 2000, false, 20]])
  const robbed = await create(concat([tradingBytecode, made]))
  const ofThief = (name: string, ...args: unknown[]): Call => ({
    ...{ from: BUYER, to: thief, contract: face, name, args },
  })
  const through = (name: string, amount: bigint) =>
    lab.do(ofThief('call', robbed, trading.encodeFunctionData(name, [amount])))
  const creditOf = async (account: string) => (await lab.read(trading, robbed, 'creditOf', [account]))[0]
  const victim = (name: string, amount: bigint): Call => ({
    ...{ from: ANN, to: robbed, contract: trading, name, args: [amount] },
  })
  for (const account of [ANN, thief]) await lab.do(ofThief('mint', account, 100n))
  await lab.do(victim('deposit', 100n))
  await lab.do(ofThief('set', true, false))
  await through('deposit', 60n)
  expect(await lab.read(face, thief, 'wentWell')).toEqual([false])
  expect(await creditOf(thief)).toBe(60n)
  await lab.do(ofThief('set', true, false))
  await through('withdraw', 40n)
  expect(await lab.read(face, thief, 'wentWell')).toEqual([false])
  expect([await creditOf(thief), await creditOf(ANN)]).toEqual([20n, 100n])
  await lab.do(ofThief('set', false, true))
  const unpaid = await lab.refusalOf(victim('withdraw', 1n))
  expect(unpaid?.name).toBe('SafeERC20FailedOperation')
  await lab.do(ofThief('set', false, false))
  await lab.do(victim('withdraw', 100n))
})

it('keeps the bond of an offer, whatever ceiling is set later', async () => {
  const { lab } = market()
  const secret = await market().offer(LOT)
  await lab.do(market().to(lab.manager.address, 'setCeiling', 1, 5_000_000))
  for (const seller of [ANN, BOB]) await market().bid(secret, seller, 1n)
  expect(await gains(market(), [BUYER, ANN, BOB])).toEqual([-BOND, -BOND, -BOND])
  await market().show(secret)
  await market().revealAll(secret)
  await market().check(secret)
  await refundAll(market(), secret, 'refundSucceed', [BUYER, ANN, BOB])
  await lab.do(market().to(BUYER, 'confirmResourceExchange', secret.id))
  expect(await gains(market(), [BUYER, ANN, BOB])).toEqual([-1n, 1n, 0n])
})

it('lets a home that is revoked in the middle go on to the end', async () => {
  const { lab } = market()
  const secret = await market().offer(LOT)
  for (const seller of [ANN, BOB]) await market().bid(secret, seller, seller === ANN ? 1n : 2n)
  for (const home of [BUYER, ANN, BOB]) await lab.do(lab.asManager('revoke', home))
  await market().show(secret)
  await market().revealAll(secret)
  await market().check(secret)
  await refundAll(market(), secret, 'refundSucceed', [BUYER, ANN, BOB])
  await lab.do(market().to(BUYER, 'confirmResourceExchange', secret.id))
  expect(await gains(market(), [BUYER, ANN, BOB])).toEqual([-2n, 2n, 0n])
  await lab.do(market().to(ANN, 'withdraw', CREDIT + 2n))
})

it('holds exactly what it owes: the credits and what open auctions hold', async () => {
  const secret = await market().auction(LOT, [
    [ANN, 1n],
    [BOB, 2n],
  ])
  const open = await market().offer(LOT)
  await market().bid(open, ANN, 3n)
  const bond = await market().number('bondFor', 1, LOT.amount, 0)
  const credits = await Promise.all(TRADERS.map((account) => market().creditOf(account)))
  const sum = credits.reduce((total, credit) => total + credit, 0n)
  const balance = await market().balanceOf(market().lab.contracts.trading)
  // Three bonds of the one that is awarded, two of the one that is open.
  expect(balance).toBe(sum + 5n * bond)
  await refundAll(market(), secret, 'refundSucceed', [BUYER, ANN, BOB])
  expect(await market().balanceOf(market().lab.contracts.trading)).toBe(balance)
})
