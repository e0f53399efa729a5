import type { JSX } from 'preact'
import type { CommunityView } from '../../../read-model.ts'
import { Tile } from '../parts/tile.tsx'
import { energyScale, powerScale, waterScale } from '../words/format.ts'

/** Energy, power and water of all homes together, against the community's contract. */
export function CommunityTiles({ community }: { readonly community: CommunityView }): JSX.Element {
  const { used, contract, now, slot } = community
  const energy = energyScale(Math.max(used.energyWh, contract?.energyWh ?? 0))
  const power = powerScale(Math.max(Math.abs(now.powerW ?? 0), contract?.powerW ?? 0))
  const water = waterScale(Math.max(used.waterMl, contract?.waterMl ?? 0))
  const limit = { limitName: 'contract' }
  return (
    <div class="tiles">
      <Tile
        {...limit}
        kind="energy"
        title="Energy"
        verb="used"
        used={slot === null ? null : used.energyWh}
        limit={contract?.energyWh ?? null}
        scale={energy}
      />
      <Tile
        {...limit}
        kind="power"
        title="Power"
        verb="now"
        used={now.powerW}
        limit={contract?.powerW ?? null}
        scale={power}
      />
      <Tile
        {...limit}
        kind="water"
        title="Water"
        verb="used"
        used={slot === null ? null : used.waterMl}
        limit={contract?.waterMl ?? null}
        scale={water}
      />
    </div>
  )
}
