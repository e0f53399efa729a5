import type { Gateway } from '../gateways/gateway.ts'
import { readSigned, type SignedTransaction, simulatedSigner } from './signer.ts'

const TRANSFER_GAS = 21_000
const PAYS_WEI = 1_000_000_000n

/** A call that an account makes without its gateway: it pays nothing to itself, at the next nonce. */
export function strangersCall({ account, world }: Gateway): SignedTransaction {
  const { chainId } = world.chain.settings
  const fee = { maxFeeWei: PAYS_WEI, tipWei: PAYS_WEI / 2n }
  const nonce = world.chain.usedNonces(account)
  const call = {
    chainId,
    nonce,
    to: account,
    data: new Uint8Array(0),
    valueWei: 0n,
    gas: TRANSFER_GAS,
    ...fee,
  }
  return readSigned(simulatedSigner(account).sign(call).raw)
}
