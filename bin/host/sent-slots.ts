import type { Store } from '../../actors/storage/store.ts'

/** How many slots went in one call. */
export async function slotsIn({ db }: Store, intent: string): Promise<number> {
  const row = await db
    .selectFrom('sealed')
    .select(({ fn }) => fn.countAll<number>().as('count'))
    .where('intent', '=', intent)
    .executeTakeFirst()
  return row?.count ?? 0
}

/** How many readings were included, and are final, by what is kept of them. */
export async function sentSlots({ db }: Store): Promise<{ submitted: number; final: number }> {
  const count = async (states: readonly ('included' | 'final')[]): Promise<number> => {
    const row = await db
      .selectFrom('sealed')
      .leftJoin('intent', 'intent.id', 'sealed.intent')
      .select(({ fn }) => fn.countAll<number>().as('count'))
      .where((each) =>
        each.or([
          each('sealed.state', 'in', [...states]),
          ...(states.includes('final') ? [each('intent.state', '=', 'final')] : []),
        ]),
      )
      .executeTakeFirst()
    return row?.count ?? 0
  }
  return { submitted: await count(['included', 'final']), final: await count(['final']) }
}
