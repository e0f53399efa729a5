import { Fault, type Facts } from '../../protocols/rules/fault.ts'

/** What is wrong with an archive; the message names the file and what to do next. */
export type ArchiveFaultCode =
  /** It does not say what it is. */
  | 'archive-unreadable'
  /** Lines are missing. */
  | 'archive-truncated'
  /** A line is not as it was written, or one was added. */
  | 'archive-edited'
  /** All lines are there, in another order. */
  | 'archive-reordered'
  /** Somebody else than the community signed it. */
  | 'archive-unsigned'
  /** A newer one was anchored, or the chain went on after it. */
  | 'archive-older'
  /** It is of another community's chain. */
  | 'archive-foreign'

export const archiveFault = (code: ArchiveFaultCode, message: string, facts: Facts = {}): Fault =>
  new Fault(code, message, facts)
