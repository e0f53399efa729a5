import { encodeAad } from '../messages/aad.ts'
import { splitPayload } from '../messages/record.ts'
import { Fault } from '../rules/fault.ts'
import { ephemeralPoint, kemPointOf } from './envelope.ts'
import { encodePoint, G, type KeyPair, type Point } from './group.ts'
import { PROOF_BYTES, proveKemPoint } from './proofs.ts'
import { judgeReading, type ReceivedReading } from './recover-reading.ts'

/** What everybody needs to see for himself that a reading is not whole. */
export interface Voidance {
  /** S of the reading's envelope, 33 bytes: it opens this one envelope and nothing else. */
  readonly kemPoint: Uint8Array
  /** That S belongs to the community's key (DLEQ), 64 bytes. */
  readonly proof: Uint8Array
}

/** An envelope that does not even begin with a point needs no proof: everybody sees it. */
const PLAIN: Voidance = { kemPoint: encodePoint(G), proof: new Uint8Array(PROOF_BYTES) }

function ephemeralOf(payload: Uint8Array): Point | null {
  try {
    return ephemeralPoint(splitPayload(payload).envelope)
  } catch {
    return null
  }
}

/**
 * Shows that a reading does not open to what its points commit to, by the holder of the key that it was
 * sealed to. Throws `reading-is-whole` for one that is: a whole reading is never shown to anybody.
 */
export function proveVoid(key: KeyPair, received: ReceivedReading): Voidance {
  const ephemeral = ephemeralOf(received.payload)
  if (ephemeral === null) return PLAIN
  const kemPoint = kemPointOf(key.secret, ephemeral)
  if (judgeReading(kemPoint, key, received).ok) {
    const { sender, slot } = received.binding
    throw new Fault('reading-is-whole', `slot ${slot} of ${sender}: the reading is whole`, { sender, slot })
  }
  const aad = encodeAad({ ...received.binding, kind: 'essential', recipient: key.id })
  const statement = { publicKey: key.point, ephemeral, kemPoint, aad }
  return { kemPoint: encodePoint(kemPoint), proof: proveKemPoint(key.secret, statement) }
}
