import type { JSX } from 'preact'
import type { TotalView } from '../../../read-model.ts'
import { Card, Empty } from '../parts/card.tsx'
import { count, energyScale, waterScale } from '../words/format.ts'

const SHOWN = 6

/** The published totals of the last billing periods: sums over homes that anybody can check on the ledger. */
export function Totals({ totals }: { readonly totals: readonly TotalView[] }): JSX.Element {
  const shown = [...totals].sort((a, b) => b.period - a.period).slice(0, SHOWN)
  const energy = energyScale(Math.max(0, ...shown.flatMap(({ importWh, exportWh }) => [importWh, exportWh])))
  const water = waterScale(Math.max(0, ...shown.map(({ waterMl }) => waterMl)))
  return (
    <Card id="totals" title="Published totals" icon="total">
      {shown.length === 0 ? (
        <Empty icon="total">The first total is published when a billing period ends.</Empty>
      ) : (
        <table class="totals">
          <thead>
            <tr>
              <th scope="col">Period</th>
              <th scope="col">Homes</th>
              <th scope="col">Used, {energy.unit}</th>
              <th scope="col">Given, {energy.unit}</th>
              <th scope="col">Water, {water.unit}</th>
            </tr>
          </thead>
          <tbody>
            {shown.map((total) => (
              <tr key={total.period} data-testid="total">
                <th scope="row">{count(total.period)}</th>
                <td>{count(total.homes)}</td>
                <td>{energy.number(total.importWh)}</td>
                <td>{energy.number(total.exportWh)}</td>
                <td>{water.number(total.waterMl)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </Card>
  )
}
