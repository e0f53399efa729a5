/** How a gateway prices its transactions, wei a unit of gas. */
export interface FeeRules {
  /** What the sealer gets at least. */
  readonly tipWei: bigint
  /** Never more than this: above it the outbox waits and raises an alarm. */
  readonly capWei: bigint
}

export interface Fee {
  readonly maxFeeWei: bigint
  readonly tipWei: bigint
}

/** 1 wei of tip: what Geth takes with `--miner.gasprice 1`; 500 gwei of cap. */
export const DEFAULT_FEES: FeeRules = { tipWei: 1n, capWei: 500_000_000_000n }

/** The base fee may rise by 1/8 a block: twice of it lasts for five full blocks. */
const HEADROOM = 2n

/** Nodes replace a waiting transaction only for a tenth more on both fields; we give an eighth. */
const raised = (wei: bigint): bigint => wei + wei / 8n + 1n

const larger = (a: bigint, b: bigint): bigint => (a > b ? a : b)

/** The fee for a new transaction after a block with this base fee; undefined when the cap forbids it. */
export function feeFor(baseFeeWei: bigint, rules: FeeRules): Fee | undefined {
  const needed = baseFeeWei + rules.tipWei
  if (needed > rules.capWei) return undefined
  const wished = baseFeeWei * HEADROOM + rules.tipWei
  return { maxFeeWei: wished > rules.capWei ? rules.capWei : wished, tipWei: rules.tipWei }
}

/** The fee that replaces `before` at the same nonce; undefined when the cap forbids it. */
export function replacementFee(before: Fee, baseFeeWei: bigint, rules: FeeRules): Fee | undefined {
  const tipWei = raised(before.tipWei)
  const maxFeeWei = larger(raised(before.maxFeeWei), baseFeeWei * HEADROOM + tipWei)
  return maxFeeWei > rules.capWei ? undefined : { maxFeeWei, tipWei }
}
