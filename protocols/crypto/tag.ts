import { utf8ToBytes } from '@noble/hashes/utils.js'

/** Every hash of Meterhood starts with this, so that none of its outputs can serve another protocol. */
export const DOMAIN = 'Meterhood-v1'

/** The bytes of a domain-separation tag: `Meterhood-v1/` and the purpose. */
export function tag(purpose: string): Uint8Array {
  return utf8ToBytes(`${DOMAIN}/${purpose}`)
}
