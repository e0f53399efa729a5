import type { JSX } from 'preact'
import { useState } from 'preact/hooks'
import type { MemberView } from '../../../read-model.ts'
import { ask } from '../model/actions.ts'
import { nowMs } from '../model/live.ts'
import { Card, Empty } from '../parts/card.tsx'
import { ConfirmButton } from '../parts/confirm-button.tsx'
import { LimitBar } from '../parts/limit-bar.tsx'
import { ago, count, energyScale, moment, powerScale, waterScale, type Scale } from '../words/format.ts'
import { RemoveHome } from './remove-home.tsx'

/** How many homes stand there before "show all". */
const SHOWN = 12

interface Scales {
  readonly energy: Scale
  readonly water: Scale
}

/** The homes of the community: what each used of its quota, and when it was last heard. */
export function Members({ members }: { readonly members: readonly MemberView[] }): JSX.Element {
  const scales = scalesFor(members)
  const [all, setAll] = useState(false)
  const shown = all ? members : members.slice(0, SHOWN)
  return (
    <Card id="members" title="Homes" icon="people" aside={<span>{count(members.length)}</span>}>
      {members.length === 0 ? (
        <Empty icon="people">No home has joined yet. Invite one from the community gateway.</Empty>
      ) : (
        <table class="members" role="table">
          <thead role="rowgroup">
            <tr role="row">
              {['Home', 'Energy', 'Water', 'Power', 'Alarms'].map((name) => (
                <th key={name} role="columnheader" scope="col">
                  {name}
                </th>
              ))}
            </tr>
          </thead>
          <tbody role="rowgroup">
            {shown.map((member) => (
              <Member key={member.account} member={member} scales={scales} />
            ))}
          </tbody>
        </table>
      )}
      {members.length > SHOWN ? (
        <button type="button" class="button button-wide" aria-expanded={all} onClick={() => setAll(!all)}>
          {all ? 'Show fewer' : `Show all ${count(members.length)} homes`}
        </button>
      ) : null}
      {members.length === 0 ? null : <RemoveHome members={members} />}
    </Card>
  )
}

function scalesFor(members: readonly MemberView[]): Scales {
  const energies = members.flatMap(({ usedEnergyWh, quotaEnergyWh }) => [usedEnergyWh, quotaEnergyWh ?? 0])
  const waters = members.flatMap(({ usedWaterMl, quotaWaterMl }) => [usedWaterMl, quotaWaterMl ?? 0])
  return { energy: energyScale(Math.max(0, ...energies)), water: waterScale(Math.max(0, ...waters)) }
}

function Member({ member, scales }: { readonly member: MemberView; readonly scales: Scales }): JSX.Element {
  const { name, account, online, powerW, quotaPowerW, peakPowerW, alarms, lastSeenMs, watch } = member
  return (
    <tr role="row" data-testid="member">
      <th role="rowheader" scope="row" class="member-name">
        <i class={online ? 'dot dot-live' : 'dot'} />
        <span>
          {name}
          <small title={account}>{heardWords(online, lastSeenMs)}</small>
          {watch === null ? null : <WatchedBy watch={watch} />}
        </span>
      </th>
      <Share
        name="Energy"
        home={name}
        used={member.usedEnergyWh}
        quota={member.quotaEnergyWh}
        scale={scales.energy}
      />
      <Share
        name="Water"
        home={name}
        used={member.usedWaterMl}
        quota={member.quotaWaterMl}
        scale={scales.water}
      />
      <td
        role="cell"
        class="member-power"
        data-name="Power"
        title={quotaPowerW === null ? '' : powerScale(0).text(quotaPowerW)}
      >
        {powerW === null ? '–' : powerScale(powerW).text(powerW)}
        <small>{peakPowerW === null ? '' : `peak ${powerScale(peakPowerW).text(peakPowerW)}`}</small>
      </td>
      <td role="cell" class="member-alarms">
        {alarms === 0 ? <span class="quiet">none</span> : <span class="chip chip-over">{count(alarms)}</span>}
      </td>
    </tr>
  )
}

/** A neighbour reads for this home; the manager may end it. */
function WatchedBy({ watch }: { readonly watch: NonNullable<MemberView['watch']> }): JSX.Element {
  const { delegation, by, untilMs } = watch
  return (
    <small>
      Watched by {by} until {moment(untilMs, nowMs.value)}{' '}
      <ConfirmButton
        label="End now"
        confirm="Press again: stop watching"
        act={() => ask('/api/actions/end-delegation', { delegation })}
      />
    </small>
  )
}

function heardWords(online: boolean, lastSeenMs: number | null): string {
  if (lastSeenMs === null) return 'not heard yet'
  const age = ago(lastSeenMs, nowMs.value)
  return online ? age : `away, heard ${age}`
}

interface ShareProps {
  readonly name: string
  readonly home: string
  readonly used: number
  readonly quota: number | null
  readonly scale: Scale
}

function Share({ name, home, used, quota, scale }: ShareProps): JSX.Element {
  const words = quota === null ? scale.text(used) : `${scale.number(used)} of ${scale.text(quota)}`
  return (
    <td role="cell" class="member-share" data-name={name}>
      <span>{words}</span>
      <LimitBar label={`${name} of ${home}`} used={used} limit={quota} words={words} thin />
    </td>
  )
}
