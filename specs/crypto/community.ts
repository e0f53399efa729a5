import { utf8ToBytes } from '@noble/hashes/utils.js'
import { sha256 } from '@noble/hashes/sha2.js'
import fc from 'fast-check'
import {
  communityKeys,
  homomorphicConstant,
  operationKey,
  rootChainKey,
} from '../../protocols/crypto/keys.ts'
import { ORDER } from '../../protocols/crypto/group.ts'
import { prepareRecipient } from '../../protocols/crypto/recipient.ts'
import { type Binding, sealReading } from '../../protocols/crypto/seal-reading.ts'
import type { EssentialData, ExtendedData } from '../../protocols/rules/reading.ts'
import { energyWh, powerW, unixMs, waterMl } from '../../protocols/rules/units.ts'

/** Bytes that differ for each label and are the same in each run. */
export const fixed = (label: string) => sha256(utf8ToBytes(label))

export const address = (label: string) => `0x${Buffer.from(fixed(label).subarray(0, 20)).toString('hex')}`

/** A community of one epoch, with a delegatee that reads under delegation 7. */
export const context = { chainId: 1337, monitoring: address('monitoring'), epoch: 3 }
export const chainKey = rootChainKey(fixed('community secret'), [fixed('entropy')])
export const community = communityKeys(chainKey, context)
export const owner = { home: address('delegatee'), delegation: 7 }
export const constant = homomorphicConstant(chainKey, context, owner, fixed('stored'))
export const delegatee = operationKey(community.delegationBase.secret, constant)

export const direct: Binding = { ...context, sender: address('home'), slot: 894_000_000, delegation: 0 }
export const delegated: Binding = { ...direct, delegation: owner.delegation }

export const toCommunity = prepareRecipient(community.operation.bytes)
export const toDelegatee = prepareRecipient(delegatee.bytes)

export const essential: EssentialData = {
  flags: 0,
  sequence: 41,
  t: unixMs(1_763_800_000_000),
  energyImportWh: energyWh(5_000),
  energyExportWh: energyWh(0),
  waterMl: waterMl(120_000),
  meanPowerW: powerW(300),
  peakPowerW: powerW(900),
}

export const extended: ExtendedData = {
  frames: [fixed('frame')],
  importOffsetWh: energyWh(1),
  exportOffsetWh: energyWh(2),
  waterOffsetMl: waterMl(3),
}

/** A sealed direct reading of the home, with the import register as given. */
export function sealDirect(importWh = 5_000, binding: Binding = direct) {
  const data = { ...essential, energyImportWh: energyWh(importWh) }
  return sealReading({ recipient: toCommunity, binding, essential: data, extended })
}

export const anyScalar = fc.bigInt({ min: 1n, max: ORDER - 1n })
export const anyBlinding = fc.bigInt({ min: 0n, max: ORDER - 1n })
export const anyU64 = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n })
export const anyU32 = fc.integer({ min: 0, max: 0xffff_ffff })
export const anyNatural = fc.maxSafeNat()

export const anyEssential: fc.Arbitrary<EssentialData> = fc.record({
  flags: fc.integer({ min: 0, max: 255 }),
  sequence: anyU32,
  t: anyNatural.map(unixMs),
  energyImportWh: anyNatural.map(energyWh),
  energyExportWh: anyNatural.map(energyWh),
  waterMl: anyNatural.map(waterMl),
  meanPowerW: anyU32.map(powerW),
  peakPowerW: anyU32.map(powerW),
})

/** The code of the fault that `work` throws, or `none`. */
export function faultOf(work: () => unknown): string {
  try {
    work()
  } catch (thrown) {
    return thrown instanceof Error && 'code' in thrown && typeof thrown.code === 'string'
      ? thrown.code
      : 'other'
  }
  return 'none'
}

/** A copy with one byte changed. */
export function flipped(bytes: Uint8Array, position: number, mask = 1): Uint8Array {
  return bytes.map((byte, index) => (index === position ? byte ^ mask : byte))
}
