import { Signature, Wallet, ZeroAddress } from 'ethers'
import { expect, it } from 'vitest'
import { ANN, BOB, buy, C, CAROL, call, create, expectRefused, MANAGER } from './token-setting.ts'
import { NAME, OWNER, SCT, sell, STRANGER, tokenLab, type TokenCall } from './token-setting.ts'

const lab = tokenLab()

const freeze = (account: string, status = true) => call(OWNER, 'freezeAccount', account, status)
const transfer = (from: string, to: string, tokens: bigint) => call(from, 'transfer', to, tokens)

/** Ann and Bob have 20 SCT each, at 0.15 C. */
async function twoHolders(): Promise<void> {
  await lab().price(150_000)
  for (const account of [ANN, BOB]) await lab().do(buy(account, 3n * C))
}

it('leaves creating, freezing and handing over to the owner with NotTheOwner', async () => {
  for (const from of [STRANGER, MANAGER]) {
    for (const owned of [create(from, SCT), freeze(ANN), call(from, 'transferOwn', from)]) {
      await expectRefused(lab(), { ...owned, from }, 'NotTheOwner', { caller: from, owner: OWNER })
    }
  }
})

it('freezes no contract and not address zero with NotAnAccount and ZeroAddress', async () => {
  for (const contract of [lab().token, lab().authority]) {
    await expectRefused(lab(), freeze(contract), 'NotAnAccount', { destination: contract })
    expect(await lab().refusalOf(freeze(contract, false))).toBeNull()
  }
  await expectRefused(lab(), freeze(ZeroAddress), 'ZeroAddress')
})

it('lets a frozen account neither send, receive, buy, sell nor spend with AccountFrozen', async () => {
  await twoHolders()
  await lab().do(call(BOB, 'approve', ANN, SCT))
  await lab().do(call(ANN, 'approve', CAROL, SCT))
  const all: TokenCall[] = [
    transfer(ANN, BOB, 1n),
    transfer(ANN, BOB, 0n),
    transfer(BOB, ANN, 1n),
    buy(ANN, C),
    sell(ANN, SCT),
    call(ANN, 'transferFrom', BOB, CAROL, 1n),
    call(CAROL, 'transferFrom', ANN, CAROL, 1n),
    create(ANN, SCT, C),
  ]
  for (const each of all) expect(await lab().refusalOf(each)).toBeNull()
  expect(await lab().do(freeze(ANN))).toEqual([
    { name: 'FreezeSet', args: { destination: ANN, freezeStatus: true } },
  ])
  expect(await lab().read('frozen', ANN)).toEqual([true])
  for (const each of all) await expectRefused(lab(), each, 'AccountFrozen', { account: ANN })
})

it('blocks nobody else by freezing one', async () => {
  await twoHolders()
  await lab().do(call(BOB, 'approve', CAROL, SCT))
  await lab().do(freeze(ANN))
  const others: TokenCall[] = [
    transfer(BOB, CAROL, SCT),
    buy(CAROL, C),
    sell(BOB, SCT),
    call(CAROL, 'transferFrom', BOB, CAROL, SCT),
    create(CAROL, SCT, C),
  ]
  for (const each of others) await lab().do(each)
})

it('gives a thawed account its tokens back', async () => {
  await twoHolders()
  await lab().do(freeze(ANN))
  expect(await lab().balanceOf(ANN)).toBe(20n * SCT)
  await lab().do(freeze(ANN, false))
  await lab().do(sell(ANN, 20n * SCT, 3n * C))
})

it('moves nothing while paused with EnforcedPause, and all goes on afterwards', async () => {
  await twoHolders()
  await lab().do(call(BOB, 'approve', CAROL, SCT))
  const all: TokenCall[] = [
    transfer(ANN, BOB, SCT),
    buy(ANN, C),
    sell(ANN, SCT),
    call(CAROL, 'transferFrom', BOB, CAROL, SCT),
    create(CAROL, SCT, C),
  ]
  await lab().do(call(MANAGER, 'pause'))
  for (const each of all) await expectRefused(lab(), each, 'EnforcedPause')
  await lab().do(call(MANAGER, 'unpause'))
  for (const each of all) await lab().do(each)
})

it('ends no pause that is not with ExpectedPause', async () => {
  await expectRefused(lab(), call(MANAGER, 'unpause'), 'ExpectedPause')
})

it('is not handed to its owner with AlreadyTheOwner', async () => {
  await expectRefused(lab(), call(OWNER, 'transferOwn', OWNER), 'AlreadyTheOwner')
})

it('is taken only by whom it was offered to with NotTheNewOwner', async () => {
  await expectRefused(lab(), call(STRANGER, 'acceptOwn'), 'NotTheNewOwner', { newOwner: ZeroAddress })
  await lab().do(call(OWNER, 'transferOwn', ANN))
  for (const from of [STRANGER, OWNER]) {
    await expectRefused(lab(), call(from, 'acceptOwn'), 'NotTheNewOwner', { caller: from, newOwner: ANN })
  }
})

it('belongs to the old owner until the new one takes it, and then tells Authorized', async () => {
  expect(await lab().do(call(OWNER, 'transferOwn', ANN))).toEqual([
    { name: 'OwnTransferStarted', args: { owner: OWNER, newOwner: ANN } },
  ])
  await lab().do(create(BOB, SCT))
  await expectRefused(lab(), { ...create(BOB, SCT), from: ANN }, 'NotTheOwner')
  expect(await lab().do(call(ANN, 'acceptOwn'))).toEqual([
    { name: 'Authorized', args: { oldOwner: OWNER, newOwner: ANN } },
  ])
  await expectRefused(lab(), create(BOB, SCT), 'NotTheOwner', { owner: ANN })
  await lab().do({ ...create(BOB, SCT), from: ANN })
  await expectRefused(lab(), call(ANN, 'acceptOwn'), 'NotTheNewOwner')
})

it('can be offered to another one, or to nobody', async () => {
  await lab().do(call(OWNER, 'transferOwn', ANN))
  await lab().do(call(OWNER, 'transferOwn', BOB))
  await expectRefused(lab(), call(ANN, 'acceptOwn'), 'NotTheNewOwner')
  await lab().do(call(OWNER, 'transferOwn', ZeroAddress))
  await expectRefused(lab(), call(BOB, 'acceptOwn'), 'NotTheNewOwner')
  expect(await lab().read('owner')).toEqual([OWNER])
})

const holder = new Wallet(`0x${'7a'.repeat(32)}`)
const PERMIT = {
  Permit: ['address owner', 'address spender', 'uint256 value', 'uint256 nonce', 'uint256 deadline'].map(
    (field) => ({ type: field.split(' ')[0] ?? '', name: field.split(' ')[1] ?? '' }),
  ),
}

/** The call by which Carol lets herself spend by the holder's signature. */
async function permitCall(
  value: bigint,
  { deadline = 2n ** 64n, signer = holder }: { deadline?: bigint; signer?: Wallet } = {},
): Promise<TokenCall> {
  const domain = { name: NAME, version: '1', chainId: lab().chain.chainId, verifyingContract: lab().token }
  const nonce = await lab().number('nonces', holder.address)
  const said = { owner: holder.address, spender: CAROL, value, nonce, deadline }
  const { v, r, s } = Signature.from(await signer.signTypedData(domain, PERMIT, said))
  return call(CAROL, 'permit', holder.address, CAROL, value, deadline, v, r, s)
}

it('lets another spend by a signature alone', async () => {
  await twoHolders()
  await lab().do(transfer(ANN, holder.address, 5n * SCT))
  await lab().do(await permitCall(2n * SCT))
  await lab().do(call(CAROL, 'transferFrom', holder.address, BOB, 2n * SCT))
  expect(await lab().balanceOf(holder.address)).toBe(3n * SCT)
  const more = call(CAROL, 'transferFrom', holder.address, BOB, 1n)
  await expectRefused(lab(), more, 'ERC20InsufficientAllowance')
})

it('lets nobody spend without a signature that is good now', async () => {
  const old = BigInt((await lab().now()) - 1)
  await expectRefused(lab(), await permitCall(1n, { deadline: old }), 'ERC2612ExpiredSignature')
  const stranger = new Wallet(`0x${'7b'.repeat(32)}`)
  await expectRefused(lab(), await permitCall(1n, { signer: stranger }), 'ERC2612InvalidSigner')
  const once = await permitCall(1n)
  await lab().do(once)
  await expectRefused(lab(), once, 'ERC2612InvalidSigner')
})

it('pays no reward when the switch is off', async () => {
  await lab().rpc('anvil_setCoinbase', [CAROL])
  await twoHolders()
  await lab().do(transfer(ANN, BOB, SCT))
  expect(await lab().balanceOf(CAROL)).toBe(0n)
})
