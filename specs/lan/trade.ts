import { randomBytes } from 'node:crypto'
import { z } from 'zod'
import { until, type Box } from './box.ts'

const AMOUNT_WH = 20
const MOST_MICRO_SCT = 30_000
const SELL_FROM_MICRO_SCT = 1_000

const marketReply = z.looseObject({
  market: z
    .looseObject({
      state: z.looseObject({ phase: z.string(), text: z.string() }),
      wallet: z.looseObject({ balanceMicroSct: z.number().nullable().optional() }),
      resources: z.array(z.looseObject({ resource: z.string() })),
      rules: z.array(z.looseObject({ id: z.string(), enabled: z.boolean() })),
      auctions: z.array(
        z.looseObject({ id: z.string(), phase: z.string(), text: z.string(), won: z.boolean().nullable() }),
      ),
    })
    .nullable(),
})
type Market = NonNullable<z.infer<typeof marketReply>['market']>

/** What a home's page shows of its market. */
export async function marketOf(box: Box): Promise<Market> {
  const { market } = marketReply.parse(await box.get('api/view'))
  if (market === null) throw new Error(`${box.name} has no market yet`)
  return market
}

/** Lets a home sell by itself whatever it can spare. */
export async function sellByRule(box: Box): Promise<void> {
  const amount = { kind: 'share', percent: 50 }
  const rule = {
    name: 'Sell',
    do: 'sell',
    resource: 'energy',
    when: {},
    amount,
    limitMicroSct: SELL_FROM_MICRO_SCT,
  }
  await box.post('api/actions/save-rule', { id: null, rule })
  const [saved] = (await marketOf(box)).rules
  await box.post('api/actions/switch-rule', { id: saved?.id ?? '', enabled: true })
}

/** A wish to buy, as its home's page shows it. */
export interface Wish {
  /** Its auction once the page shows one, or null. */
  state(): Promise<Market['auctions'][number] | null>
  /** Waits until somebody was awarded, and says how long that took, ms. */
  awarded(limitMs: number): Promise<number>
}

const AWARDED = ['delivering', 'paid']

/** Asks a home to buy a little energy. */
export async function buy(box: Box): Promise<Wish> {
  const before = new Set((await marketOf(box)).auctions.map(({ id }) => id))
  const lot = { resource: 'energy', amount: AMOUNT_WH, maxPriceMicroSct: MOST_MICRO_SCT }
  const requestId = randomBytes(16).toString('hex')
  await box.post('api/actions/buy', { requestId, ...lot, fromMs: null, untilMs: null })
  const state = async () => (await marketOf(box)).auctions.find(({ id }) => !before.has(id)) ?? null
  return {
    state,
    awarded: (limitMs) =>
      until(
        `the wish of ${box.name} finds a seller`,
        async () => AWARDED.includes((await state())?.phase ?? ''),
        limitMs,
      ),
  }
}
