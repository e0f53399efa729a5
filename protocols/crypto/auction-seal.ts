import { hmac } from '@noble/hashes/hmac.js'
import { sha256 } from '@noble/hashes/sha2.js'
import { concatBytes, hexToBytes } from '@noble/hashes/utils.js'
import { hexlify, toBeHex, TypedDataEncoder, type TypedDataField } from 'ethers'
import { addressBytes, u64 } from '../messages/integers.ts'
import { badField, Fault } from '../rules/fault.ts'
import { tag } from './tag.ts'

/** Where an auction is held: part of every seal, so that none counts on another chain or contract. */
export interface AuctionDomain {
  readonly chainId: number
  /** Address of the TradingEnabler contract. */
  readonly trading: string
}

/** What is sealed: money for the whole lot, micro-SCT, with the salt that hides it. */
export interface SealedValue {
  /** 0x hex of the uint256. */
  readonly auctionId: string
  /** The bidder of a bid, the buyer of a maximum price. */
  readonly account: string
  readonly valueMicroSct: bigint
  readonly salt: Uint8Array
}

/** A price has some 17 bits: only a salt of full width hides it. */
export const SALT_BYTES = 32
/** Key from which a home's salts come; it never leaves the home. */
export const SALT_KEY_BYTES = 32

const WORD_BYTES = 32
const U128_MOST = 2n ** 128n - 1n
const NUMBER_BITS = 64n

const sealTypes = (name: string, account: string): Record<string, TypedDataField[]> => ({
  [name]: [
    { name: 'auctionId', type: 'uint256' },
    { name: account, type: 'address' },
    { name: 'value', type: 'uint128' },
    { name: 'salt', type: 'bytes32' },
  ],
})
const BID = sealTypes('Bid', 'bidder')
const MAX_PRICE = sealTypes('MaxPrice', 'buyer')

/** The id of a buyer's `number`-th offer, from 1: known before the offer, since its seal holds it. */
export function auctionIdOf(buyer: string, number: bigint): string {
  if (number < 1n || number >= 1n << NUMBER_BITS) throw badField('number', 'from 1 to 2^64 − 1', number)
  const account = BigInt(hexlify(addressBytes(buyer, 'buyer')))
  return toBeHex((account << NUMBER_BITS) | number, WORD_BYTES)
}

/** The 32 bytes (0x hex) that a seller puts in: `Bid(auctionId,bidder,value,salt)` of EIP-712. */
export function bidSeal(domain: AuctionDomain, { account, ...sealed }: SealedValue): string {
  return digest(domain, BID, { ...words(sealed), bidder: account })
}

/** The 32 bytes (0x hex) that a buyer offers with: `MaxPrice(auctionId,buyer,value,salt)` of EIP-712. */
export function maxPriceSeal(domain: AuctionDomain, { account, ...sealed }: SealedValue): string {
  return digest(domain, MAX_PRICE, { ...words(sealed), buyer: account })
}

function digest(
  { chainId, trading }: AuctionDomain,
  types: Record<string, TypedDataField[]>,
  value: Record<string, unknown>,
): string {
  const domain = { name: 'SmartCommunity.Auction', version: '1', chainId, verifyingContract: trading }
  return TypedDataEncoder.hash(domain, types, value)
}

function words({ auctionId, valueMicroSct, salt }: Omit<SealedValue, 'account'>) {
  if (salt.length !== SALT_BYTES) throw badField('salt', `${SALT_BYTES} bytes`, `${salt.length} bytes`)
  if (valueMicroSct < 0n || valueMicroSct > U128_MOST) {
    throw badField('value', 'from 0 to 2^128 − 1 micro-SCT', valueMicroSct)
  }
  return { auctionId, value: valueMicroSct, salt: hexlify(salt) }
}

/** What a salt is for. Another value in the same auction takes another nonce: a salt hides one value only. */
export interface SaltUse {
  readonly auctionId: string
  readonly account: string
  readonly nonce: number
}

/**
 * The salt of a sealed value: HMAC-SHA256 under the home's key over tag, chain id, contract, auction, account
 * and nonce, each of fixed width. It is found again after a crash, and no other use gives the same.
 */
export function auctionSalt(key: Uint8Array, domain: AuctionDomain, use: SaltUse): Uint8Array {
  if (key.length !== SALT_KEY_BYTES) {
    const facts = { field: 'saltKey', expected: SALT_KEY_BYTES, got: key.length }
    const message = `salt key: expected ${SALT_KEY_BYTES} bytes, got ${key.length}`
    throw new Fault('bad-secret-length', message, facts)
  }
  const message = concatBytes(
    tag('bid-salt'),
    u64(domain.chainId, 'chainId'),
    addressBytes(domain.trading, 'trading'),
    hexToBytes(toBeHex(use.auctionId, WORD_BYTES).slice(2)),
    addressBytes(use.account, 'account'),
    u64(use.nonce, 'nonce'),
  )
  return hmac(sha256, key, message)
}

/** The seals of one home. */
export interface AuctionSeals {
  auctionId(buyer: string, number: bigint): string
  salt(auctionId: string, nonce: number): Uint8Array
  bid(auctionId: string, valueMicroSct: bigint, salt: Uint8Array): string
  maxPrice(auctionId: string, valueMicroSct: bigint, salt: Uint8Array): string
}

/** Seals for one account in one market; `saltKey` is 32 bytes that the home keeps with its other secrets. */
export function createAuctionSeals(
  domain: AuctionDomain,
  account: string,
  saltKey: Uint8Array,
): AuctionSeals {
  return {
    auctionId: auctionIdOf,
    salt: (auctionId, nonce) => auctionSalt(saltKey, domain, { auctionId, account, nonce }),
    bid: (auctionId, valueMicroSct, salt) => bidSeal(domain, { auctionId, account, valueMicroSct, salt }),
    maxPrice: (auctionId, valueMicroSct, salt) =>
      maxPriceSeal(domain, { auctionId, account, valueMicroSct, salt }),
  }
}
