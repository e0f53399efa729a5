import type { JSX } from 'preact'
import { shortHex } from '../words/format.ts'

/** A neighbour, by the first and last digits of its account, never broken over two lines. */
export function Who({ account }: { readonly account: string }): JSX.Element {
  return <span class="who">{shortHex(account)}</span>
}
