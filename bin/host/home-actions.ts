import type { MeteredResource } from '../../protocols/rules/excess.ts'
import { Fault } from '../../protocols/rules/fault.ts'
import type { CalibrateBody } from '../../web/messages.ts'
import type { HomeOpening } from './home-joining.ts'
import type { HomeMarket } from './market/home-market.ts'
import { delegationActions, delegationsOf } from './ask-delegation.ts'
import { marketActions } from './market/market-actions.ts'

/** What people ask of their home on its page. */
export const pageActions = (home: HomeOpening) => ({
  acknowledgeAlarm: async (id: string) => {
    if (!home.attached.picture.acknowledge(id)) {
      throw new Fault('alarm-unknown', `id: there is no alarm ${id}; reload the page`, { field: 'id' })
    }
    await home.store.transaction(async (trx) => {
      await trx.updateTable('alarm').set({ seen: 1 }).where('number', '=', Number(id)).execute()
    })
    home.gateway.changed()
  },
  demandProof: async (period: number, resource: MeteredResource) => {
    await home.attached.excesses.demand(period, resource)
    home.gateway.changed()
  },
  restorePower: async () => home.attached.power.restore(),
  setValve: (open: boolean) => home.attached.boards.valve(open),
  calibrate: async ({ board, quantity, reference }: CalibrateBody) => {
    await home.attached.boards.calibrate(board, quantity, reference)
    home.log.info({ board, quantity, reference }, 'a board was calibrated')
    home.gateway.changed()
  },
  market: marketActions(() => marketIn(home)),
  delegations: delegationActions(() => delegationsOf(home.gateway)),
})

/** Throws `market-closed` where the community has no market. */
function marketIn(home: HomeOpening): HomeMarket {
  const { market } = home.attached
  if (market !== null) return market
  throw new Fault('market-closed', 'This community has no market.', { fix: 'Ask its manager.' })
}
