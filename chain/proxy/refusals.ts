import type { ErrorFragment, Interface } from 'ethers'
import { codeOf, Fault, type Facts } from '../../protocols/rules/fault.ts'

/** How a node may answer a signed transaction, whatever words it uses for it. */
export type SendVerdict =
  /** It has it: now, or it had it before. */
  | 'accepted'
  /** A transaction with this nonce is on its chain: ours, or another of the account. */
  | 'nonce-used'
  /** It wants more for it, or more than the one it holds at this nonce. */
  | 'underpriced'
  /** The account cannot pay. */
  | 'unfunded'
  /** It will never take these bytes. */
  | 'refused'
  /** No answer, or none that tells: it may have been taken. */
  | 'unknown'

const WORDS: readonly (readonly [RegExp, SendVerdict])[] = [
  [/already known|already imported|known transaction/iu, 'accepted'],
  [/nonce too low|nonce.*already.*used|already been used|already mined/iu, 'nonce-used'],
  [
    /underpriced|max fee per gas less than|fee ?cap.*(below|less)|gas price too low|tip.*(below|too low)/iu,
    'underpriced',
  ],
  [/insufficient funds|insufficient balance|out of gas: gas required|lack of funds/iu, 'unfunded'],
  [
    /txpool is full|pool.*(full|overflow)|too many|rate limit|indexing is in progress|exceeds the limit/iu,
    'unknown',
  ],
  [
    /intrinsic gas|exceeds block gas|oversized|invalid (sender|chain|signature)|exceeds? .*cap|too high/iu,
    'refused',
  ],
]

/**
 * What a throw of `eth_sendRawTransaction` means. An answer we do not know is `unknown`: unknown is not
 * failed.
 */
export function sendVerdict(thrown: unknown): SendVerdict {
  if (!(thrown instanceof Fault) || codeOf(thrown) !== 'rpc-refused') return 'unknown'
  const message = String(thrown.facts['rpcMessage'] ?? '')
  return WORDS.find(([words]) => words.test(message))?.[1] ?? 'unknown'
}

/** Why a contract refused: the name of its error, and its arguments for people. */
export interface Revert {
  readonly error: string
  readonly detail: string
}

/** The revert behind a throw of `eth_call` or `eth_estimateGas`; undefined when the call was not reverted. */
export function revertOf(thrown: unknown, errors: readonly Interface[]): Revert | undefined {
  if (!(thrown instanceof Fault) || thrown.code !== 'rpc-refused') return undefined
  const { data, rpcMessage } = thrown.facts
  if (typeof data === 'string' && data.length >= 10) return namedError(data, errors)
  return /revert/iu.test(String(rpcMessage ?? ''))
    ? { error: 'revert', detail: String(rpcMessage) }
    : undefined
}

/** Errors of a contract by their first four bytes: finding one costs a hash for each error of its ABI. */
const errorsBySelector = new WeakMap<Interface, Map<string, ErrorFragment | null>>()

function errorOf(face: Interface, selector: string): ErrorFragment | null {
  const known = errorsBySelector.get(face) ?? new Map<string, ErrorFragment | null>()
  errorsBySelector.set(face, known)
  const found = known.get(selector)
  if (found !== undefined) return found
  const made = face.getError(selector)
  known.set(selector, made)
  return made
}

/** The error of a contract, by the ABIs that may know it. */
export function namedError(data: string, errors: readonly Interface[]): Revert {
  for (const face of errors) {
    const fragment = errorOf(face, data.slice(0, 10).toLowerCase())
    if (fragment === null) continue
    const values = face.decodeErrorResult(fragment, data)
    const args = fragment.inputs.map((input, index) => `${input.name}=${String(values[index])}`)
    return { error: fragment.name, detail: args.join(' ') }
  }
  return { error: 'unknown-error', detail: data.slice(0, 138) }
}

/** A revert as a fault whose code is the contract's error. */
export function revertFault(revert: Revert, facts: Facts = {}): Fault {
  const message = `the contract refused: ${revert.error}${revert.detail === '' ? '' : ` (${revert.detail})`}`
  return new Fault(revert.error, message, { ...facts, detail: revert.detail })
}
