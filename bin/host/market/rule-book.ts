import { readMeta, writeMeta } from '../../../actors/storage/meta.ts'
import type { Store } from '../../../actors/storage/store.ts'
import { readTradeRules } from '../../../protocols/messages/trade-rules.ts'
import { Fault } from '../../../protocols/rules/fault.ts'
import { NOTHING_TODAY, type DoneToday } from '../../../protocols/rules/trade-rules/facts.ts'
import type { TradeRules } from '../../../protocols/rules/trade-rules/rule.ts'
import { ruleForm, RULES_LIMIT, type RuleForm, type RuleView } from '../../../web/market-model.ts'

const KEEP = 'rules.keep'
const TODAY = 'rules.today'

interface Today {
  readonly day: string
  readonly done: Readonly<Record<string, DoneToday>>
}

/** The rules of a home: kept in its repository, in the form that its people wrote them. */
export class RuleBook {
  readonly #store: Store
  #rules: readonly RuleView[] = []
  #keepMicroSct = 0
  #today: Today = { day: '', done: {} }

  constructor(store: Store) {
    this.#store = store
  }

  async load(): Promise<void> {
    const { db } = this.#store
    const rows = await db.selectFrom('trade_rule').selectAll().orderBy('position').execute()
    this.#rules = rows.map(({ id, enabled, form }) => {
      return { id, enabled: enabled === 1, rule: ruleForm.parse(JSON.parse(form)) }
    })
    this.#keepMicroSct = Number((await readMeta(db, KEEP)) ?? 0)
    const today = await readMeta(db, TODAY)
    if (today !== null) this.#today = JSON.parse(today) as Today
  }

  views(): readonly RuleView[] {
    return this.#rules
  }

  keepMicroSct(): number {
    return this.#keepMicroSct
  }

  /** The rules that are switched on. */
  active(): TradeRules {
    return this.checked(this.#rules.filter(({ enabled }) => enabled).map(({ rule }) => rule))
  }

  /** Rules as the evaluator takes them. Throws the fault that names the rule and the field. */
  checked(rules: readonly RuleForm[]): TradeRules {
    return readTradeRules({ keepMicroSct: this.#keepMicroSct, rules })
  }

  today(day: string): Readonly<Record<string, DoneToday>> {
    return this.#today.day === day ? this.#today.done : {}
  }

  async did(day: string, rule: string, spentMicroSct: number): Promise<void> {
    const done = this.today(day)
    const before = done[rule] ?? NOTHING_TODAY
    const after = { times: before.times + 1, spentMicroSct: before.spentMicroSct + spentMicroSct }
    this.#today = { day, done: { ...done, [rule]: after } }
    await this.#store.transaction((trx) => writeMeta(trx, TODAY, JSON.stringify(this.#today)))
  }

  async save(id: string | null, rule: RuleForm): Promise<void> {
    const known = this.#rules.find((each) => each.id === id)
    if (id !== null && known === undefined) throw unknown(id)
    const others = this.#rules.filter((each) => each.id !== id)
    const same = others.find((each) => each.rule.name === rule.name)
    if (same !== undefined) throw nameTaken(rule.name)
    if (others.length >= RULES_LIMIT && known === undefined) throw tooMany()
    // A rule that is off contradicts nobody.
    const beside = known?.enabled === true ? others.filter(({ enabled }) => enabled) : []
    this.checked([...beside.map((each) => each.rule), rule])
    const position = known === undefined ? this.#rules.length : this.#rules.indexOf(known)
    const row = { position, enabled: known?.enabled === true ? 1 : 0, form: JSON.stringify(rule) }
    const key = id ?? newId(this.#rules)
    await this.#store.transaction(async (trx) => {
      await trx
        .insertInto('trade_rule')
        .values({ id: key, ...row })
        .onConflict((conflict) => conflict.column('id').doUpdateSet(row))
        .execute()
    })
    await this.load()
  }

  async remove(id: string): Promise<void> {
    if (!this.#rules.some((each) => each.id === id)) throw unknown(id)
    await this.#store.transaction(async (trx) => {
      await trx.deleteFrom('trade_rule').where('id', '=', id).execute()
    })
    await this.load()
  }

  async switch(id: string, enabled: boolean): Promise<void> {
    const known = this.#rules.find((each) => each.id === id)
    if (known === undefined) throw unknown(id)
    const on = this.#rules.filter((each) => each.enabled && each.id !== id)
    if (enabled) this.checked([...on, known].map(({ rule }) => rule))
    await this.#store.transaction(async (trx) => {
      await trx
        .updateTable('trade_rule')
        .set({ enabled: enabled ? 1 : 0 })
        .where('id', '=', id)
        .execute()
    })
    await this.load()
  }

  async keep(microSct: number): Promise<void> {
    await this.#store.transaction((trx) => writeMeta(trx, KEEP, String(microSct)))
    await this.load()
  }

  /** Rules that a home begins with, unless it has some. */
  async begin(rules: readonly RuleForm[]): Promise<void> {
    if (this.#rules.length > 0) return
    for (const rule of rules) await this.save(null, rule)
    for (const { id } of this.#rules) await this.switch(id, true)
  }
}

const unknown = (id: string): Fault =>
  new Fault('rule-unknown', `id: there is no rule ${id}; reload the page`, { field: 'id' })

const nameTaken = (name: string): Fault =>
  new Fault('duplicate-rule', `There is a rule "${name}" already.`, {
    field: 'name',
    fix: 'Give this one another name.',
  })

const tooMany = (): Fault =>
  new Fault('too-many-rules', `A home has at most ${RULES_LIMIT} rules.`, { fix: 'Remove one first.' })

function newId(rules: readonly RuleView[]): string {
  const numbers = rules.map(({ id }) => Number(id.replace('rule-', ''))).filter(Number.isInteger)
  return `rule-${Math.max(0, ...numbers) + 1}`
}
