import type { JSX } from 'preact'
import type { HomeView, PowerControl } from '../../../read-model.ts'
import { restorePower, setValve } from '../model/actions.ts'
import { nowMs } from '../model/live.ts'
import { ConfirmButton } from '../parts/confirm-button.tsx'
import { Tile } from '../parts/tile.tsx'
import { duration, energyScale, powerScale, waterScale } from '../words/format.ts'

const CONTROL_WORDS: Readonly<Record<Exclude<PowerControl, 'normal'>, string>> = {
  over: 'Above the contracted power',
  warned: 'Above the contracted power: switch something off',
  tripped: 'The switch opened: the home has no power',
  restored: 'Power is back',
}

const endOf = ({ state }: HomeView): 'yet' | 'any more' => (state.phase === 'leaving' ? 'any more' : 'yet')

/** Energy, power and water: used, left, limit. */
export function HomeTiles({ home }: { readonly home: HomeView }): JSX.Element {
  return (
    <div class="tiles">
      <EnergyTile home={home} />
      <PowerTile home={home} />
      <WaterTile home={home} />
    </div>
  )
}

function EnergyTile({ home }: { readonly home: HomeView }): JSX.Element {
  const { usedWh, quotaWh, exportedWh } = home.energy
  const scale = energyScale(Math.max(usedWh, quotaWh ?? 0, exportedWh))
  return (
    <Tile
      kind="energy"
      title="Energy"
      verb="used"
      used={home.slot === null ? null : usedWh}
      limit={quotaWh}
      scale={scale}
      limitName="quota"
      withoutLimit={endOf(home)}
    >
      <span>{exportedWh > 0 ? `${scale.text(exportedWh)} given to the grid` : 'This billing period'}</span>
    </Tile>
  )
}

function PowerTile({ home }: { readonly home: HomeView }): JSX.Element {
  const { powerW } = home.now
  const { contractedW, control, relayClosed } = home.power
  const largest = Math.max(Math.abs(powerW ?? 0), contractedW ?? 0)
  return (
    <Tile
      kind="power"
      title="Power"
      verb={powerW !== null && powerW < 0 ? 'now, to the grid' : 'now'}
      used={powerW}
      limit={contractedW}
      scale={powerScale(largest)}
      limitName="contract"
      withoutLimit={endOf(home)}
    >
      <span class={control === 'normal' || control === 'restored' ? '' : 'urgent'}>{powerWords(home)}</span>
      {control === 'tripped' || relayClosed === false ? (
        <ConfirmButton
          label="Switch the power on"
          confirm="Press again: everything comes on"
          act={restorePower}
          urgent
        />
      ) : null}
    </Tile>
  )
}

function powerWords({ now, power }: HomeView): string {
  const { control, tripsAtMs } = power
  if (control === 'normal') {
    return now.peakPowerW === null ? 'Right now' : `Peak ${powerScale(0).text(now.peakPowerW)}`
  }
  if (tripsAtMs === null || control === 'tripped') return CONTROL_WORDS[control]
  return `At this load the switch opens in ${duration(tripsAtMs - nowMs.value)}`
}

function WaterTile({ home }: { readonly home: HomeView }): JSX.Element {
  const { usedMl, quotaMl, valveOpen } = home.water
  return (
    <Tile
      kind="water"
      title="Water"
      verb="used"
      used={home.slot === null ? null : usedMl}
      limit={quotaMl}
      scale={waterScale(Math.max(usedMl, quotaMl ?? 0))}
      limitName="quota"
      withoutLimit={endOf(home)}
    >
      <span>{waterWords(home)}</span>
      {valveOpen === null ? null : <Valve open={valveOpen} />}
    </Tile>
  )
}

function Valve({ open }: { readonly open: boolean }): JSX.Element {
  return open ? (
    <ConfirmButton label="Close valve" confirm="Press again: no water" act={() => setValve(false)} />
  ) : (
    <ConfirmButton label="Open valve" confirm="Press again: water runs" act={() => setValve(true)} urgent />
  )
}

function waterWords(home: HomeView): string {
  if (home.water.valveOpen === false) return 'The valve is closed'
  const flow = home.now.flowMlPerMin
  if (flow === null) return 'This billing period'
  return flow === 0 ? 'Nothing runs' : `Running, ${waterScale(flow).text(flow)} a minute`
}
