import { archivesBeside } from '../../chain/archive/places.ts'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { getBytes, Wallet } from 'ethers'
import { z } from 'zod'
import { contractsSchema } from '../../chain/contracts-file.ts'
import { openStore } from '../../actors/storage/store.ts'
import { countChain } from '../../bin/start/scan-chain.ts'
import type { Box } from './box.ts'

/** A few blocks, and the reading of them. */
const OPENING_MS = 12_000

const secrets = z.object({ accountKey: z.string(), storeKey: z.string(), peerSeed: z.string() })
/** A call that reached a block cannot be in it by accident: whatever else is still in the outbox. */
const ARRIVED = ['included', 'confirmed', 'final']

/** What a community did with the readings of its homes, counted where each is kept. */
export interface Counted {
  readonly sealed: number
  readonly decrypted: number
  /** Sealed, and neither opened by the community gateway nor in a durable outbox. */
  readonly lost: number
  /** Each of those: the home, its slot, and how its call stands. */
  readonly missing: readonly string[]
  /** Readings of a home and slot that the chain holds twice. */
  readonly duplicates: number
}

export const secretsOf = (box: Box) =>
  secrets.parse(JSON.parse(readFileSync(join(box.folder, 'secrets.json'), 'utf8')))

export const contractsOf = (community: Box) =>
  contractsSchema.parse(JSON.parse(readFileSync(join(community.folder, 'contracts.json'), 'utf8')))

/** Slots that the community gateway opened, as `home:slot`. */
async function openedBy(community: Box): Promise<Set<string>> {
  const store = await openStore({ file: join(community.folder, 'gateway.sqlite') })
  try {
    const readings = store.db.selectFrom('reading').select(['home', 'slot', 'fault'])
    const rows = await readings.execute()
    return new Set(rows.filter(({ fault }) => fault === null).map(({ home, slot }) => keyOf(home, slot)))
  } finally {
    await store.close()
  }
}

const keyOf = (home: string, slot: number): string => `${home.toLowerCase()}:${slot}`

const callContext = z.looseObject({ ok: z.boolean().optional() })

/** A call that the contract reverted: tried again, or of a home that was removed, once its block is final. */
const isReverted = (context: string | null): boolean =>
  context !== null && callContext.parse(JSON.parse(context)).ok === false

/** Accounts that are homes of the community now. */
async function membersOf(community: Box): Promise<Set<string>> {
  const { members = [] } = await community.view()
  return new Set(members.map(({ account }) => account.toLowerCase()))
}

/** Slots that a home sealed, and whether their call still waits; those of a removed home may have failed. */
async function sealedBy(box: Box, members: ReadonlySet<string>) {
  const { accountKey, storeKey } = secretsOf(box)
  const file = join(box.folder, 'gateway.sqlite')
  const store = await openStore({ file, encryptionKey: getBytes(storeKey) })
  try {
    const rows = await store.db
      .selectFrom('sealed')
      .leftJoin('intent', 'intent.id', 'sealed.intent')
      .leftJoin('call', (join) =>
        join.onRef('call.nonce', '=', 'intent.nonce').onRef('call.account', '=', 'intent.account'),
      )
      .select(['sealed.slot as slot', 'intent.state as state', 'call.context as context'])
      .execute()
    const home = new Wallet(accountKey).address
    const mayFail = !members.has(home.toLowerCase())
    return rows.map(({ slot, state, context }) => ({
      key: keyOf(home, slot),
      words: `${box.name} slot ${slot} (${state ?? 'no call'})`,
      waits:
        state !== null && (state === 'failed' ? mayFail : !ARRIVED.includes(state) || isReverted(context)),
    }))
  } finally {
    await store.close()
  }
}

/**
 * Ends the homes' gateways, gives the community gateway time to open what is on the chain, ends it too, and
 * counts from what is on the disks.
 */
export async function countReadings(community: Box, homes: readonly Box[]): Promise<Counted> {
  const members = await membersOf(community)
  await Promise.all(homes.map((home) => home.stopGateway()))
  await sleep(OPENING_MS)
  await community.stopGateway()
  const opened = await openedBy(community)
  const sealed = (await Promise.all(homes.map((home) => sealedBy(home, members)))).flat()
  const missing = sealed.filter(({ key }) => !opened.has(key))
  const { chainId, genesisHash, community: account, monitoring, deployedAtBlock } = contractsOf(community)
  const archives = archivesBeside(community.folder)
  const continuation = { origin: genesisHash, chainId, community: account, archives }
  const { duplicates } = await countChain(community.ipc.path, continuation, monitoring, deployedAtBlock)
  const lost = missing.filter(({ waits }) => !waits).map(({ words }) => words)
  const decrypted = sealed.length - missing.length
  return { sealed: sealed.length, decrypted, lost: lost.length, missing: lost, duplicates }
}
