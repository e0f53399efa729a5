/** An event of a contract as the proxy hands it on: decoded, from a canonical block. */
export interface ChainFact {
  readonly name: string
  readonly args: Readonly<Record<string, unknown>>
  readonly block: number
  readonly blockHash: string
  /** Of the block. */
  readonly timestampMs: number
  readonly transactionHash: string
  readonly logIndex: number
}
