import { RECORD_BYTES } from '../../../protocols/messages/record.ts'
import type { ContractCall } from '../contracts/call.ts'

const TRANSFER = 21_000
/** A submission costs about this much for each record beside the call (bench gas). */
const RECORD = 32_000
const ALARM = 12_000
const PART = 30_000

/** About what a call costs: enough to fill blocks as the real ones do. */
export function gasOf(call: ContractCall | undefined): number {
  if (call === undefined) return TRANSFER
  switch (call.name) {
    case 'submit':
      return TRANSFER + (RECORD * call.records.length) / RECORD_BYTES
    case 'raiseAlarms':
      return TRANSFER + ALARM * call.homes.length
    case 'allocate':
      return TRANSFER + PART * call.homes.length
    case 'offer':
      return 260_000
    default:
      return 90_000
  }
}
