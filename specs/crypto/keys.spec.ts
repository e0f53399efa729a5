import { Wallet } from 'ethers'
import { describe, expect, it } from 'vitest'
import {
  auxiliaryKeys,
  type DeliveryContext,
  DELIVERY_BYTES,
  openOperationKey,
  sealOperationKey,
} from '../../protocols/crypto/delivery.ts'
import { keyPair } from '../../protocols/crypto/group.ts'
import {
  communityKeys,
  homomorphicConstant,
  nextChainKey,
  operationKey,
  rootChainKey,
} from '../../protocols/crypto/keys.ts'
import { prepareRecipient } from '../../protocols/crypto/recipient.ts'
import {
  auxKeyTyped,
  opKeyTyped,
  peerRecordTyped,
  requireSignature,
  signRegistration,
} from '../../protocols/crypto/registration.ts'
import { codeOf } from '../../protocols/rules/fault.ts'
import {
  address,
  chainKey,
  community,
  constant,
  context,
  delegatee,
  faultOf,
  fixed,
  flipped,
  owner,
} from './community.ts'

const codeOfRejection = (work: Promise<unknown>) => work.then(() => 'none', codeOf)

describe('the keys of an epoch', () => {
  it('are another pair each: for readings and delegations, for each epoch, chain and contract', () => {
    const contexts = [
      context,
      { ...context, epoch: 4 },
      { ...context, chainId: 1 },
      { ...context, monitoring: address('another') },
    ]
    const all = contexts.flatMap((each) => {
      const { operation, delegationBase } = communityKeys(chainKey, each)
      return [operation.id, delegationBase.id]
    })
    all.push(communityKeys(nextChainKey(chainKey), context).operation.id)
    expect(new Set(all).size).toBe(all.length)
  })

  it('come from a root that depends on the secret and on each piece of entropy', () => {
    const roots = [
      rootChainKey(fixed('a'), []),
      rootChainKey(fixed('b'), []),
      rootChainKey(fixed('a'), [fixed('c')]),
      rootChainKey(fixed('a'), [fixed('c'), fixed('d')]),
    ]
    expect(new Set(roots.map((root) => Buffer.from(root).toString('hex'))).size).toBe(roots.length)
  })

  it('need 32-byte secrets', () => {
    const short = new Uint8Array(31)
    expect(faultOf(() => rootChainKey(short, []))).toBe('bad-secret-length')
    expect(faultOf(() => nextChainKey(short))).toBe('bad-secret-length')
    expect(faultOf(() => communityKeys(short, context))).toBe('bad-secret-length')
    expect(faultOf(() => homomorphicConstant(chainKey, context, owner, short))).toBe('bad-secret-length')
  })

  it('give another constant for each home, delegation, epoch and stored randomness', () => {
    const constants = [
      constant,
      homomorphicConstant(chainKey, context, { ...owner, home: address('other') }, fixed('stored')),
      homomorphicConstant(chainKey, context, { ...owner, delegation: 8 }, fixed('stored')),
      homomorphicConstant(chainKey, { ...context, epoch: 4 }, owner, fixed('stored')),
      homomorphicConstant(chainKey, context, owner, fixed('stored again')),
    ]
    expect(new Set(constants).size).toBe(constants.length)
  })

  it('give the same operation key whenever they are derived again', () => {
    const again = homomorphicConstant(chainKey, context, owner, fixed('stored'))
    expect(operationKey(community.delegationBase.secret, again).id).toBe(delegatee.id)
  })
})

describe('a recipient', () => {
  it('is prepared once in a process', () => {
    expect(prepareRecipient(delegatee.bytes)).toBe(prepareRecipient(delegatee.bytes.slice()))
  })

  it('is refused when it is no point', () => {
    expect(faultOf(() => prepareRecipient(new Uint8Array(33)))).toBe('bad-point')
  })
})

describe('the delivery of an operation key', () => {
  const delivery: DeliveryContext = { epoch: context, owner, operationKey: delegatee.bytes }

  it('goes to an auxiliary key of the randomness that is given', async () => {
    const random = (length: number) => fixed('auxiliary').subarray(0, length)
    const [one, two] = await Promise.all([auxiliaryKeys(random), auxiliaryKeys(random)])
    expect(one).toEqual(two)
    expect((await auxiliaryKeys()).publicKey).not.toEqual(one.publicKey)
  })

  it('reaches the holder of the auxiliary key in 80 bytes', async () => {
    const { publicKey, secretKey } = await auxiliaryKeys()
    const sealed = await sealOperationKey(publicKey, delegatee.secret, delivery)
    expect(sealed.length).toBe(DELIVERY_BYTES)
    expect(await openOperationKey(secretKey, sealed, delivery)).toEqual(delegatee)
  })

  it('opens for nobody else, for no other owner, and not when altered', async () => {
    const mine = await auxiliaryKeys()
    const other = await auxiliaryKeys()
    const sealed = await sealOperationKey(mine.publicKey, delegatee.secret, delivery)
    const elsewhere = { ...delivery, owner: { ...owner, delegation: 8 } }
    const tries = [
      openOperationKey(other.secretKey, sealed, delivery),
      openOperationKey(mine.secretKey, sealed, elsewhere),
      openOperationKey(mine.secretKey, flipped(sealed, 40), delivery),
      openOperationKey(mine.secretKey, flipped(sealed, 3), delivery),
      openOperationKey(mine.secretKey, sealed.subarray(1), delivery),
    ]
    expect(await Promise.all(tries.map(codeOfRejection))).toEqual(tries.map(() => 'bad-delivery'))
  })

  it('is refused when the key is not the one that the community signed', async () => {
    const { publicKey, secretKey } = await auxiliaryKeys()
    const sealed = await sealOperationKey(publicKey, delegatee.secret + 1n, delivery)
    await expect(openOperationKey(secretKey, sealed, delivery)).rejects.toMatchObject({
      code: 'key-mismatch',
      message: 'delivery: the key that came is not the one that the community signed',
    })
    const none = await sealOperationKey(publicKey, 0n, delivery)
    await expect(openOperationKey(secretKey, none, delivery)).rejects.toThrow(/^delivery\.key: expected/)
  })

  it('needs an auxiliary key that is one', async () => {
    const short = sealOperationKey(new Uint8Array(31), delegatee.secret, delivery)
    const smallOrder = sealOperationKey(new Uint8Array(32), delegatee.secret, delivery)
    expect(await codeOfRejection(short)).toBe('bad-auxiliary-key')
    expect(await codeOfRejection(smallOrder)).toBe('bad-auxiliary-key')
  })
})

describe('a registration', () => {
  const wallet = new Wallet(`0x${'11'.repeat(32)}`)
  const record = { home: wallet.address, epoch: 3, delegation: 7, key: delegatee.bytes }
  const opKey = opKeyTyped(record)

  it('counts for the account that signed it, on its chain and contract, as it was', async () => {
    const signature = await signRegistration(wallet, context, opKey)
    const code = (domain: typeof context, typed = opKey, account = wallet.address, given = signature) =>
      faultOf(() => requireSignature(domain, typed, given, account))
    expect(code(context)).toBe('none')
    expect(code(context, opKey, wallet.address.toLowerCase())).toBe('none')
    expect(code({ ...context, chainId: 1 })).toBe('bad-signature')
    expect(code({ ...context, monitoring: address('another') })).toBe('bad-signature')
    expect(code(context, opKeyTyped({ ...record, delegation: 8 }))).toBe('bad-signature')
    expect(code(context, opKeyTyped({ ...record, key: keyPair(5n).bytes }))).toBe('bad-signature')
    expect(code(context, opKey, address('somebody'))).toBe('bad-signature')
    expect(code(context, opKey, wallet.address, '0x1234')).toBe('bad-signature')
    expect(code(context, opKey, wallet.address, `0x${'00'.repeat(65)}`)).toBe('bad-signature')
  })

  it('of another names both accounts', async () => {
    const signature = await signRegistration(wallet, context, opKey)
    const somebody = address('somebody')
    const message = `signature: expected that of ${somebody}, got ${wallet.address}`
    expect(() => requireSignature(context, opKey, signature, somebody)).toThrow(
      expect.objectContaining({ message, facts: { account: somebody, signer: wallet.address } }),
    )
  })

  it('tells the two points of one x apart by their parity', () => {
    const parity = (first: number) => {
      const { value } = opKeyTyped({ ...record, key: new Uint8Array([first, ...delegatee.bytes.slice(1)]) })
      return value['parity']
    }
    expect([parity(2), parity(3)]).toEqual([0, 1])
  })

  it('of one kind does not count as another', async () => {
    const key = fixed('key')
    const aux = auxKeyTyped({ ...record, key })
    const peer = peerRecordTyped({ account: wallet.address, peerKey: key, sequence: 1, expiresMs: 2 })
    const signature = await signRegistration(wallet, context, aux)
    expect(faultOf(() => requireSignature(context, aux, signature, wallet.address))).toBe('none')
    expect(faultOf(() => requireSignature(context, peer, signature, wallet.address))).toBe('bad-signature')
  })

  it('is not made of a key that is none', () => {
    expect(faultOf(() => opKeyTyped({ ...record, key: new Uint8Array(33) }))).toBe('bad-point')
    expect(faultOf(() => auxKeyTyped({ ...record, key: new Uint8Array(31) }))).toBe('bad-key-length')
  })
})
