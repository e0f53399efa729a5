import type { Store } from '../../actors/storage/store.ts'
import type { Clock, RandomSource } from '../../protocols/rules/clock.ts'
import { DEFAULT_LIMITS, type HomeSettings } from '../../protocols/rules/home-registers.ts'
import type { BoardKind } from '../../protocols/rules/reading.ts'

const RECORD_KEY_BYTES = 32

/**
 * A board as it leaves commissioning: its number, and the key that it shares with the community gateway only.
 */
export interface CommissionedKey {
  readonly kind: BoardKind
  readonly boardId: number
  readonly recordKey: Uint8Array
}

/**
 * Where the community gateway keeps the boards of its homes. Until a home joins, its boards stand under its
 * name.
 */
export interface Commissioning {
  commission(homeName: string, kinds: readonly BoardKind[]): Promise<CommissionedKey[]>
  /** Takes boards that were commissioned elsewhere; those that are known already stay as they are. */
  install(homeName: string, keys: readonly CommissionedKey[]): Promise<void>
  /** The boards of the invited name belong to this account from now on. */
  bind(homeName: string, account: string): Promise<void>
  recordKeyOf(boardId: number): Promise<Uint8Array | null>
  settingsOf(account: string): Promise<HomeSettings>
}

const placeholderOf = (homeName: string): string => `name:${homeName}`

/** A number that no other board of the community has: 31 random bits. */
function freshId(random: RandomSource): number {
  const [a = 0, b = 0, c = 0, d = 0] = random(4)
  return ((a & 0x7f) << 24) | (b << 16) | (c << 8) | d
}

/** Writes boards down: for the account of that home when it is a member already, else for its name. */
function installer(store: Store, clock: Clock): Commissioning['install'] {
  return async (homeName, keys) => {
    const rows = keys.map(({ kind, boardId, recordKey }) => ({
      board_id: boardId,
      kind,
      record_key: recordKey,
      link_key: null,
      commissioned_at_ms: clock.nowMs(),
      last_sequence: null,
      last_uptime_ms: null,
    }))
    await store.transaction(async (trx) => {
      const member = await trx
        .selectFrom('member')
        .select('account')
        .where('name', '=', homeName)
        .executeTakeFirst()
      const account = member?.account ?? placeholderOf(homeName)
      for (const row of rows) {
        await trx
          .insertInto('board')
          .values({ ...row, account })
          .onConflict((conflict) => conflict.doNothing())
          .execute()
      }
    })
  }
}

export function createCommissioning(options: {
  store: Store
  clock: Clock
  random: RandomSource
  sampleMs: number
  timeScale: number
}): Commissioning {
  const { store, clock, random } = options
  const install = installer(store, clock)
  return {
    install,
    async commission(homeName, kinds) {
      const keys = kinds.map((kind) => ({
        kind,
        boardId: freshId(random),
        recordKey: random(RECORD_KEY_BYTES),
      }))
      await install(homeName, keys)
      return keys
    },
    async bind(homeName, account) {
      await store.transaction(async (trx) => {
        await trx
          .updateTable('board')
          .set({ account: account.toLowerCase() })
          .where('account', '=', placeholderOf(homeName))
          .execute()
      })
    },
    async recordKeyOf(boardId) {
      const row = await store.db
        .selectFrom('board')
        .select('record_key')
        .where('board_id', '=', boardId)
        .executeTakeFirst()
      return row?.record_key ?? null
    },
    async settingsOf(account) {
      const rows = await store.db
        .selectFrom('board')
        .select(['board_id', 'kind'])
        .where('account', '=', account.toLowerCase())
        .execute()
      return {
        sampleMs: options.sampleMs,
        boards: rows.map(({ board_id, kind }) => ({
          boardId: board_id,
          kind,
          keyed: true,
          afterRestart: 'from-zero',
        })),
        limits: { ...DEFAULT_LIMITS, timeScale: options.timeScale },
      }
    },
  }
}
