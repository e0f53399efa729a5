import type { OpeningKey, RecoveryResult } from '../../../protocols/crypto/recover-reading.ts'
import type { Binding } from '../../../protocols/crypto/seal-reading.ts'
import type { ExtendedData } from '../../../protocols/rules/reading.ts'

/** An essential reading to open and check. */
export interface ReadingJob {
  readonly kind: 'reading'
  /** Key id that it was sealed to: one of those given by `setKeys`. */
  readonly recipient: string
  readonly binding: Binding
  /** 245 bytes: envelope ‖ points. */
  readonly payload: Uint8Array
}

/** An extended envelope to open. */
export interface ExtendedJob {
  readonly kind: 'extended'
  readonly recipient: string
  readonly binding: Binding
  /** 1073 bytes. */
  readonly wire: Uint8Array
  /** keccak256 of the wire, as the contract keeps it. */
  readonly digest: Uint8Array
}

export type RecoveryJob = ReadingJob | ExtendedJob

export type ExtendedFlaw = 'bad-field' | 'bad-envelope' | 'bad-point' | 'bad-tag' | 'digest-mismatch'

export type ExtendedResult =
  | { readonly ok: true; readonly extended: ExtendedData }
  | { readonly ok: false; readonly code: ExtendedFlaw; readonly message: string }

/** What a job ends with. */
export type JobResult =
  | { readonly kind: 'reading'; readonly result: RecoveryResult }
  | { readonly kind: 'extended'; readonly result: ExtendedResult }
  | { readonly kind: 'unknown-key'; readonly keyId: string }

/** What goes to a worker. Keys travel once for each epoch, jobs name them. */
export type ToWorker =
  | { readonly type: 'keys'; readonly keys: readonly OpeningKey[] }
  | { readonly type: 'batch'; readonly jobs: readonly RecoveryJob[] }

/** What comes back: the results of the one batch in hand, in the order of its jobs. */
export interface FromWorker {
  readonly results: readonly JobResult[]
}
