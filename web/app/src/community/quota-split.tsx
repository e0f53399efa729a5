import type { JSX } from 'preact'
import type { CommunityView } from '../../../read-model.ts'
import { Card, Empty } from '../parts/card.tsx'
import { energyScale, powerScale, waterScale, type Scale } from '../words/format.ts'

interface Row {
  readonly name: string
  readonly scale: Scale
  readonly contract: number
  readonly allocated: number
  readonly shares: readonly { readonly home: string; readonly amount: number }[]
}

/** How the community's contract is divided among the homes. */
export function QuotaSplit({ community }: { readonly community: CommunityView }): JSX.Element {
  const rows = rowsOf(community)
  return (
    <Card id="split" title="Quota split" icon="split">
      {rows === null ? (
        <Empty icon="split">The community contract is not set yet.</Empty>
      ) : (
        rows.map(SplitRow)
      )}
    </Card>
  )
}

function rowsOf({ contract, allocated, members }: CommunityView): readonly Row[] | null {
  if (contract === null) return null
  const shares = (amountOf: (member: CommunityView['members'][number]) => number | null): Row['shares'] =>
    members.map((member) => ({ home: member.name, amount: amountOf(member) ?? 0 }))
  return [
    {
      name: 'Energy',
      scale: energyScale(contract.energyWh),
      contract: contract.energyWh,
      allocated: allocated.energyWh,
      shares: shares(({ quotaEnergyWh }) => quotaEnergyWh),
    },
    {
      name: 'Power',
      scale: powerScale(contract.powerW),
      contract: contract.powerW,
      allocated: allocated.powerW,
      shares: shares(({ quotaPowerW }) => quotaPowerW),
    },
    {
      name: 'Water',
      scale: waterScale(contract.waterMl),
      contract: contract.waterMl,
      allocated: allocated.waterMl,
      shares: shares(({ quotaWaterMl }) => quotaWaterMl),
    },
  ]
}

function SplitRow({ name, scale, contract, allocated, shares }: Row): JSX.Element {
  const exact = allocated === contract
  return (
    <div class="split" key={name}>
      <p class="split-head">
        <span>{name}</span>
        <span>
          {scale.number(allocated)} of {scale.text(contract)}
          {exact ? '' : ' given out'}
        </span>
      </p>
      <div class="split-bar" role="img" aria-label={`${name} quota: ${wordsOf(scale, shares)}`}>
        {shares.map(({ home, amount }) => (
          <i key={home} title={`${home}: ${scale.text(amount)}`} style={{ flexGrow: String(amount) }} />
        ))}
        {allocated < contract ? (
          <i class="split-rest" style={{ flexGrow: String(contract - allocated) }} />
        ) : null}
      </div>
      <p class="split-each">{wordsOf(scale, shares)}</p>
    </div>
  )
}

function wordsOf(scale: Scale, shares: Row['shares']): string {
  const amounts = shares.map(({ amount }) => amount)
  if (amounts.length === 0) return 'no home has a share yet'
  const [least, most] = [Math.min(...amounts), Math.max(...amounts)]
  return scale.number(least) === scale.number(most)
    ? `${scale.text(most)} for each home`
    : `from ${scale.number(least)} to ${scale.text(most)} a home`
}
