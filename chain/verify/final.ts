import { makesFinal, type Certificate } from '../../protocols/crypto/certificate.ts'
import type { VoteDomain } from '../../protocols/crypto/vote.ts'
import type { Past } from './past.ts'
import type { Findings } from './report.ts'

/** Sees each block in its turn, with who may seal after it, and judges the certificates at the end. */
export interface FinalWatch {
  see(height: number, hash: string, signers: readonly string[]): void
  /** The newest height that a certificate proves final; null when none does. */
  judge(head: number): number | null
}

/**
 * Checks certificates of finality against the chain that a node serves (decision 101): each must carry the
 * votes of enough of the signers of its moment, and the node must serve that very block: one that is final
 * and that the node does not have was taken away, or the node serves an older head.
 */
export function createFinalWatch(
  certificates: readonly Certificate[],
  domain: VoteDomain,
  past: Past | null,
  findings: Findings,
): FinalWatch {
  const served = new Map<number, { readonly hash: string; readonly signers: readonly string[] }>()
  const wanted = new Set(certificates.map(({ number }) => number))
  const other = (number: number, says: string): void => findings.chain('final', `block ${number}`, says)
  const isProved = (certificate: Certificate, head: number): boolean => {
    const { number, hash } = certificate
    const archived = past?.hashAt(number)
    const found = served.get(number)
    if (found === undefined && archived === undefined) {
      other(number, `block ${number} is final, and the node's newest block is ${head}: it serves an old head`)
    } else if ((found?.hash ?? archived) !== hash) {
      other(number, `block ${number} is final as ${hash}, and the node serves another one`)
    } else if (found !== undefined && !makesFinal(domain, certificate, found.signers)) {
      const says = `the certificate of block ${number} does not carry the votes of enough of its signers`
      findings.chain('certificate', `block ${number}`, says)
    } else return true
    return false
  }
  return {
    see: (height, hash, signers) => {
      if (wanted.has(height)) served.set(height, { hash, signers })
    },
    judge: (head) => {
      const proved = certificates.filter((each) => isProved(each, head))
      return proved.reduce<number | null>((best, { number }) => Math.max(best ?? 0, number), null)
    },
  }
}
