import type { webcrypto } from 'node:crypto'

/** The HPKE library names these two types of the browser's library, which Node's types keep in a module. */
declare global {
  interface CryptoKey {
    readonly algorithm: webcrypto.KeyAlgorithm
    readonly extractable: boolean
    readonly type: webcrypto.KeyType
    readonly usages: webcrypto.KeyUsage[]
  }

  interface CryptoKeyPair {
    readonly privateKey: CryptoKey
    readonly publicKey: CryptoKey
  }
}
