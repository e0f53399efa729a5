import type { JSX } from 'preact'
import { useState } from 'preact/hooks'
import { ruleSentence } from '../../../rule-words.ts'
import type { MarketView, RuleForm, RuleView } from '../../../market-model.ts'
import { removeRule, switchRule } from '../model/market.ts'
import { Card, Empty } from '../parts/card.tsx'
import { ConfirmButton } from '../parts/confirm-button.tsx'
import { Icon } from '../parts/icons.tsx'
import { PageHead } from '../parts/page-head.tsx'
import { Switch } from '../parts/switch.tsx'
import type { MarketPageProps } from '../market/market-pages.tsx'
import { Decisions } from './decisions.tsx'
import { KeepTokens } from './keep-tokens.tsx'
import { draftOf, STARTS, type RuleDraft } from './rule-draft.ts'
import { RuleEditor } from './rule-form.tsx'
import { WRITING } from './rule-words.ts'
import { Trial } from './trial.tsx'

interface Editing {
  readonly id: string | null
  readonly begin: RuleDraft
}

/** What the home buys and sells by itself, and why it did or did not. */
export function RulesPage({ market }: MarketPageProps): JSX.Element {
  const [editing, setEditing] = useState<Editing | null>(null)
  const close = (): void => setEditing(null)
  return (
    <>
      <PageHead title="Rules">
        Your home trades by these on its own, never beyond them, and says why each time.
      </PageHead>
      <div class="columns columns-even">
        <div class="column">
          {editing === null ? (
            <RuleList market={market} edit={setEditing} />
          ) : (
            <RuleEditor
              key={editing.id ?? 'new'}
              id={editing.id}
              begin={editing.begin}
              beside={enabledIn(market)}
              close={close}
            />
          )}
        </div>
        <div class="column">
          <KeepTokens keepMicroSct={market.keepMicroSct} />
          <Card id="decisions" title="What the rules decided" icon="notice">
            {market.decisions.length === 0 ? (
              <Empty icon="rules">No rule has decided anything yet.</Empty>
            ) : (
              <Decisions decisions={market.decisions} shown={8} />
            )}
          </Card>
        </div>
      </div>
    </>
  )
}

const enabledIn = ({ rules }: MarketView): readonly RuleForm[] =>
  rules.filter(({ enabled }) => enabled).map(({ rule }) => rule)

interface RuleListProps {
  readonly market: MarketView
  readonly edit: (editing: Editing) => void
}

function RuleList({ market, edit }: RuleListProps): JSX.Element {
  const { rules } = market
  return (
    <>
      {rules.length === 0 ? null : (
        <Card id="rules" title="Your rules" icon="rules">
          <ul class="rules">
            {rules.map((each) => (
              <Rule key={each.id} each={each} beside={enabledIn(market)} edit={edit} />
            ))}
          </ul>
        </Card>
      )}
      <Card id="starts" title={rules.length === 0 ? 'Begin with one of these' : 'Add a rule'} icon="plus">
        <ul class="starts">
          {STARTS.map(({ title, text, draft }) => (
            <li key={title}>
              <button type="button" class="start" onClick={() => edit({ id: null, begin: draft })}>
                <Icon name={draft.resource} />
                <span>
                  <strong>{title}</strong>
                  <small>{text}</small>
                </span>
              </button>
            </li>
          ))}
        </ul>
      </Card>
    </>
  )
}

interface RuleProps {
  readonly each: RuleView
  readonly beside: readonly RuleForm[]
  readonly edit: (editing: Editing) => void
}

function Rule({ each, beside, edit }: RuleProps): JSX.Element {
  const { id, enabled, rule } = each
  const [trying, setTrying] = useState(false)
  const [busy, setBusy] = useState(false)
  const turn = async (on: boolean): Promise<void> => {
    setBusy(true)
    if (await switchRule(id, on)) setTrying(false)
    setBusy(false)
  }
  return (
    <li class={`rule${enabled ? '' : ' is-off'}`} data-testid="rule">
      <div class="rule-head">
        <span class={`lot-icon lot-${rule.resource}`}>
          <Icon name={rule.resource} />
        </span>
        <div>
          <h3>{rule.name}</h3>
          <p>{ruleSentence(rule, WRITING)}</p>
        </div>
        <Switch
          label={`${rule.name}: ${enabled ? 'on' : 'off'}`}
          on={enabled}
          busy={busy}
          turn={() => (enabled ? void turn(false) : setTrying(true))}
        />
      </div>
      {trying ? (
        <Trial
          rule={rule}
          beside={beside}
          close={() => setTrying(false)}
          {...(enabled ? {} : { switchOn: () => void turn(true) })}
        />
      ) : (
        <div class="buttons">
          <button type="button" class="button" onClick={() => setTrying(true)}>
            Try on yesterday
          </button>
          <button type="button" class="button" onClick={() => edit({ id, begin: draftOf(rule) })}>
            Change
          </button>
          <ConfirmButton label="Remove" confirm="Press again: it is gone" act={() => removeRule(id)} />
        </div>
      )}
    </li>
  )
}
