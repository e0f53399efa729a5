import type { z } from 'zod'
import { counterForm, delegationChoice, proposeForm } from '../delegation-model.ts'
import { done } from '../messages.ts'
import { perform, refusals, requireSession, SIGNED_IN, type PageApp, type RouteParts } from './routes.ts'

const PATH = '/api/actions/delegation'

/** What people of a home ask about its delegations: before they hold, and while they do. */
export function addDelegations(app: PageApp, parts: RouteParts): void {
  addNegotiation(app, parts)
  addWatch(app, parts)
}

function addNegotiation(app: PageApp, { actions, access }: RouteParts): void {
  const propose = asking('Propose to a neighbour to watch this home', proposeForm)
  app.post(`${PATH}/propose`, propose, async (request) => {
    requireSession(request, access)
    return perform(actions.delegations?.propose(request.body))
  })
  const counter = asking('Offer other terms in answer to the newest ones', counterForm)
  app.post(`${PATH}/counter`, counter, async (request) => {
    requireSession(request, access)
    return perform(actions.delegations?.counter(request.body))
  })
  app.post(`${PATH}/accept`, asking('Accept the newest terms', delegationChoice), async (request) => {
    requireSession(request, access)
    return perform(actions.delegations?.accept(request.body))
  })
  const decline = asking('Decline, or take back an own proposal', delegationChoice)
  app.post(`${PATH}/decline`, decline, async (request) => {
    requireSession(request, access)
    return perform(actions.delegations?.decline(request.body))
  })
}

function addWatch(app: PageApp, { actions, access }: RouteParts): void {
  app.post(`${PATH}/end`, asking('End a delegation', delegationChoice), async (request) => {
    requireSession(request, access)
    return perform(actions.delegations?.end(request.body))
  })
  const saw = asking('Say that the alarms of a neighbour’s home were seen', delegationChoice)
  app.post(`${PATH}/saw`, saw, async (request) => {
    requireSession(request, access)
    return perform(actions.delegations?.saw(request.body))
  })
}

function asking<Body extends z.ZodType>(summary: string, body: Body) {
  return { config: SIGNED_IN, schema: { summary, body, response: { 200: done, ...refusals } } }
}
