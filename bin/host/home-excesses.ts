import type { Interface } from 'ethers'
import { newestExcesses, storedEvents, type ExcessKey } from '../../actors/excess-events.ts'
import type { OutboxPort } from '../../actors/outbox-port.ts'
import type { IntentState } from '../../actors/storage/schema.ts'
import type { Store } from '../../actors/storage/store.ts'
import { slotsOf } from '../../protocols/rules/billing.ts'
import {
  excessAt,
  resourceNumber,
  type Excess,
  type ExcessEvent,
  type ExcessState,
  type MeteredResource,
} from '../../protocols/rules/excess.ts'
import { Fault } from '../../protocols/rules/fault.ts'
import type { ChainView, ExcessView } from '../../web/read-model.ts'

/** Excesses that a page shows, the newest periods first. */
const SHOWN = 12
/** Demands in these states have done nothing and never will. */
const ENDED: readonly IntentState[] = ['failed', 'lost']

export interface HomeExcessesOptions {
  readonly store: Store
  readonly outbox: OutboxPort
  readonly abi: Interface
  readonly quota: string
  readonly home: string
  readonly sampleMs: number
  readonly slotsPerBilling: number
  readonly blockTimeS: number
  readonly chain: () => ChainView
}

/** What the other party of a trade forces is the same to the home: its use is to be shown. */
const SHOWN_AS: Readonly<Record<ExcessState, ExcessView['state']>> = {
  asserted: 'asserted',
  demanded: 'demanded',
  forced: 'demanded',
  opened: 'opened',
  final: 'final',
  withdrawn: 'withdrawn',
  void: 'void',
  unproved: 'void',
}

/** The same demand has the same name, however often the button is pressed. */
const demandId = ({ period, resource }: ExcessKey, { lastBlock }: Excess): string =>
  `demand:${period}:${resource}:${lastBlock}`

interface Known {
  readonly key: ExcessKey
  readonly events: readonly ExcessEvent[]
}

/** What was asserted against the home, and its right to see the proof. */
export class HomeExcesses {
  readonly #options: HomeExcessesOptions
  #known: readonly Known[] = []
  #asked: ReadonlySet<string> = new Set()

  constructor(options: HomeExcessesOptions) {
    this.#options = options
  }

  /** Reads again what the chain told and what the home asked. */
  async refresh(): Promise<void> {
    const { db } = this.#options.store
    const known: Known[] = []
    for (const key of await newestExcesses(db, SHOWN)) {
      known.push({ key, events: await storedEvents(db, key) })
    }
    const asked = await db
      .selectFrom('intent')
      .select('id')
      .where('kind', '=', 'demand')
      .where('state', 'not in', ENDED)
      .execute()
    this.#known = known
    this.#asked = new Set(asked.map(({ id }) => id))
  }

  views(): ExcessView[] {
    const chain = this.#options.chain()
    return this.#known.flatMap(({ key, events }) => {
      const excess = excessAt(events, chain.head ?? 0)
      return excess === null ? [] : [this.#view(key, excess, chain)]
    })
  }

  #view(key: ExcessKey, excess: Excess, chain: ChainView): ExcessView {
    const { sampleMs, slotsPerBilling } = this.#options
    const { first, last } = slotsOf(key.period, slotsPerBilling)
    const asking = excess.state === 'asserted' && this.#asked.has(demandId(key, excess))
    return {
      period: { index: key.period, startsAtMs: first * sampleMs, endsAtMs: (last + 1) * sampleMs },
      resource: key.resource,
      amount: excess.amount,
      state: asking ? 'asking' : SHOWN_AS[excess.state],
      lastBlock: excess.lastBlock,
      untilMs: this.#momentOf(excess.lastBlock, chain),
      value: excess.value,
    }
  }

  /** When a block is to be expected, by the newest one and the block time. */
  #momentOf(block: number, { head, headAtMs }: ChainView): number | null {
    if (head === null || headAtMs === null) return null
    return Math.round(headAtMs + (block - head) * this.#options.blockTimeS * 1_000)
  }

  /**
   * Demands the opening of an excess, from the home's own account; it is sent once, whatever happens to the
   * gateway. Throws `excess-unknown`, or `excess-settled` when there is nothing to ask any more.
   */
  async demand(period: number, resource: MeteredResource): Promise<void> {
    const { store, outbox, abi, quota, home } = this.#options
    const head = this.#options.chain().head ?? 0
    const key = { home, period, resource }
    const excess = excessAt(await storedEvents(store.db, key), head)
    if (excess === null) {
      const message = `period: no ${resource} excess was asserted for period ${period}; reload the page`
      throw new Fault('excess-unknown', message, { field: 'period', fix: 'reload the page' })
    }
    // The demand itself needs a block of its own within the window.
    if (excess.state !== 'asserted' || head >= excess.lastBlock) {
      const message = `the ${resource} excess of period ${period} is ${excess.state}: there is nothing to ask`
      throw new Fault('excess-settled', message, { field: 'period', fix: 'reload the page' })
    }
    const data = abi.encodeFunctionData('demandOpening', [home, period, resourceNumber(resource)])
    const id = demandId(key, excess)
    await store.transaction((trx) => outbox.enqueue(trx, { id, kind: 'demand', to: quota, data }))
    await this.refresh()
  }
}
