import type { Database } from '../../actors/storage/schema.ts'
import type { MemberView } from '../../web/read-model.ts'

/** A home's watch by a neighbour, by slots. */
export interface Watch {
  readonly delegation: number
  readonly by: string
  readonly untilSlot: number
}

/** The watch that is agreed for each home and not over, by its account: the one that begins first. */
export async function watchesOf(db: Database, nowSlot: number): Promise<ReadonlyMap<string, Watch>> {
  const rows = await db
    .selectFrom('delegation')
    .select(['id', 'delegator', 'delegatee', 'until_slot'])
    .where('until_slot', '>', nowSlot)
    .orderBy('from_slot', 'desc')
    .execute()
  return new Map(
    rows.map((row) => [row.delegator, { delegation: row.id, by: row.delegatee, untilSlot: row.until_slot }]),
  )
}

/** As the manager reads it; null once it is over. */
export function watchView(
  watch: Watch | undefined,
  nowSlot: number,
  sampleMs: number,
  nameOf: (account: string) => string,
): MemberView['watch'] {
  if (watch === undefined || watch.untilSlot <= nowSlot) return null
  const { delegation, by, untilSlot } = watch
  return { delegation, by: nameOf(by), untilMs: untilSlot * sampleMs }
}
