import type { Database } from '../../actors/storage/schema.ts'

/** Included readings that are not final: those in blocks after the final one, which are few. */
export async function readingsAfter(db: Database, finalBlock: number): Promise<number> {
  const { count } = await db
    .selectFrom('envelope')
    .select((row) => row.fn.countAll<number>().as('count'))
    .where('block', '>', finalBlock)
    .executeTakeFirstOrThrow()
  return count
}
