import { z } from 'zod'
import { decodePoint, keyId, type Point } from '../../protocols/crypto/group.ts'
import { ownerBytes } from '../../protocols/crypto/keys.ts'
import { verifyConstant } from '../../protocols/crypto/proofs.ts'
import { opKeyTyped, registrationDigest } from '../../protocols/crypto/registration.ts'
import type { ChainTransaction } from './blocks.ts'
import { bytesOf } from './encode.ts'
import { registeringIn } from './delegation-calls.ts'
import { monitoringInterface, type EventOf } from './events.ts'
import type { Findings } from './report.ts'
import { recoverFrom65 } from './sender.ts'
import { homeOf, type Trail } from './trail.ts'

/** Keys of an epoch: both must be points of the curve, epochs follow one another. */
export function keysAnnounced(
  { epoch, operationKey, delegationBase }: EventOf<'CommunityKeysAnnounced'>,
  trail: Trail,
  findings: Findings,
): void {
  const operation = pointOf(operationKey)
  const base = pointOf(delegationBase)
  const newest = Math.max(...trail.epochs.keys())
  if (trail.epochs.size > 0 && epoch !== newest + 1) {
    const says = `the keys of epoch ${epoch} were announced after those of epoch ${newest}`
    findings.chain('community-key', `epoch ${epoch}`, says)
  }
  for (const [field, point] of [['operationKey', operation] as const, ['delegationBase', base] as const]) {
    if (point !== null) continue
    const says = `the ${field} of epoch ${epoch} is not a point of the curve`
    findings.chain('community-key', `${field} of epoch ${epoch}`, says)
  }
  const id = operation === null ? null : keyId(operation).toLowerCase()
  trail.epochs.set(epoch, { operation, delegationBase: base, keyId: id })
  findings.checked.keys += 2
}

/**
 * An operation key: signed by the community for this home, with the proof that it grows from X_dl by m_sg.
 */
export function operationKeyPublished(
  event: EventOf<'OperationKeyPublished'>,
  sent: ChainTransaction,
  trail: Trail,
  findings: Findings,
): void {
  findings.checked.keys += 1
  const home = homeOf(trail, event.home)
  const note = (field: string, says: string) => findings.home('operation-key', event.home, null, field, says)
  const call = registeringIn(sent)
  // Whoever holds both consents may register; the key is its delegatee's all the same.
  if (call === null && sent.transaction.from !== event.home) {
    note('sender', `the operation key of ${event.home} was published by ${sent.transaction.from}`)
  }
  if (!home.admitted) {
    findings.home('unknown-home', event.home, null, 'operationKey', 'a key came before its home was admitted')
  }
  if (event.delegation === 0) home.keyed = true
  const point = pointOf(event.key)
  if (point === null) {
    note('key', `the operation key of ${event.home} is not a point of the curve`)
    return
  }
  if (!provesConstant(event, point, trail)) {
    note('proof', `nothing proves that the operation key of ${event.home} grows from the delegation base`)
  }
  if (!signedByCommunity(event, sent, trail)) {
    note('signature', `the operation key of ${event.home} does not carry the community's signature`)
  }
}

function provesConstant(event: EventOf<'OperationKeyPublished'>, point: Point, trail: Trail): boolean {
  const base = trail.epochs.get(event.epoch)?.delegationBase
  if (base === null || base === undefined) return false
  const { chainId, monitoring } = trail
  const { epoch, home, delegation } = event
  const owner = ownerBytes({ chainId, monitoring, epoch }, { home, delegation })
  return verifyConstant(bytesOf(event.proof), { delegationBase: base, operationKey: point, owner })
}

function signedByCommunity(
  event: EventOf<'OperationKeyPublished'>,
  sent: ChainTransaction,
  trail: Trail,
): boolean {
  const signature = signatureIn(sent)
  if (signature === null || trail.community === null) return false
  const { home, epoch, delegation } = event
  const record = opKeyTyped({ home, epoch, delegation, key: bytesOf(event.key) })
  const digest = registrationDigest(trail, record)
  return recoverFrom65(bytesOf(digest), bytesOf(signature)) === trail.community
}

const publishKeyArguments = z.object({ signature: z.string() })

/** The signature is an argument of the call, not of the event. */
function signatureIn(sent: ChainTransaction): string | null {
  const registering = registeringIn(sent)
  if (registering !== null) return registering.key.signature
  try {
    const values: unknown = monitoringInterface
      .decodeFunctionData('publishKey', sent.transaction.input)
      .toObject()
    return publishKeyArguments.parse(values).signature
  } catch {
    return null
  }
}

/** The point of compressed bytes, or null when they are none. */
export function pointOf(hex: string): Point | null {
  try {
    return decodePoint(bytesOf(hex))
  } catch {
    return null
  }
}
