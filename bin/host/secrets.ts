import { chmodSync, existsSync, mkdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { Fault } from '../../protocols/rules/fault.ts'
import type { RandomSource } from '../../protocols/rules/clock.ts'

const hex32 = z.string().regex(/^0x[0-9a-f]{64}$/, '32 bytes as 0x and 64 hex digits')

const SecretsFile = z.object({
  version: z.literal(1),
  /** Signs transactions and registrations; never leaves this file. */
  accountKey: hex32,
  /** Seed of the libp2p identity. */
  peerSeed: hex32,
  /** Encrypts the local repository (home) or seals what the global repository must not show (community). */
  storeKey: hex32,
  /** Community: the first epoch's chain key ck_0, until it is erased; home: the key of its salts. */
  rootKey: hex32,
})

/** The secrets of one gateway. */
export type GatewaySecrets = z.infer<typeof SecretsFile>

const fresh = (random: RandomSource): string => `0x${Buffer.from(random(32)).toString('hex')}`

function create(file: string, random: RandomSource, accountKey: string | undefined): GatewaySecrets {
  const secrets: GatewaySecrets = {
    version: 1,
    accountKey: accountKey ?? fresh(random),
    peerSeed: fresh(random),
    storeKey: fresh(random),
    rootKey: fresh(random),
  }
  writeSecrets(file, secrets)
  return secrets
}

function writeSecrets(file: string, secrets: GatewaySecrets): void {
  const temporary = `${file}.tmp`
  writeFileSync(temporary, `${JSON.stringify(secrets, null, 2)}\n`, { mode: 0o600 })
  renameSync(temporary, file)
}

/**
 * The secrets of the gateway whose data folder this is, made at its first start. Refuses a file that others
 * can read (`secrets-exposed`) or that is not whole (`secrets-damaged`).
 */
export function loadSecrets(dataDir: string, random: RandomSource, accountKey?: string): GatewaySecrets {
  mkdirSync(dataDir, { recursive: true, mode: 0o700 })
  const file = join(dataDir, 'secrets.json')
  if (!existsSync(file)) return create(file, random, accountKey)
  if ((statSync(file).mode & 0o077) !== 0) {
    chmodSync(file, 0o600)
    throw new Fault(
      'secrets-exposed',
      `${file} could be read by others; it is closed now. Rotate its keys or start again`,
      {
        field: 'secrets.json',
      },
    )
  }
  const parsed = SecretsFile.safeParse(readJson(file))
  if (parsed.success) return requireAccount(file, parsed.data, accountKey)
  const field = parsed.error.issues[0]?.path.join('.') ?? ''
  throw new Fault(
    'secrets-damaged',
    `${file}: ${field} is missing or damaged; restore the file from a backup`,
    { field },
  )
}

/** Puts a key of nobody in the place of the community's first chain key, whose time is over. */
export function eraseRootKey(dataDir: string, random: RandomSource): void {
  const file = join(dataDir, 'secrets.json')
  const secrets = SecretsFile.parse(readJson(file))
  writeSecrets(file, { ...secrets, rootKey: fresh(random) })
}

function requireAccount(
  file: string,
  secrets: GatewaySecrets,
  accountKey: string | undefined,
): GatewaySecrets {
  if (accountKey === undefined || accountKey === secrets.accountKey) return secrets
  const message = `${file} holds another account key than the one given; leave it out, or name another folder`
  throw new Fault('other-account', message, { field: 'accountKey' })
}

function readJson(file: string): unknown {
  try {
    return JSON.parse(readFileSync(file, 'utf8'))
  } catch {
    throw new Fault('secrets-damaged', `${file} is not JSON; restore the file from a backup`, {
      field: 'secrets.json',
    })
  }
}
