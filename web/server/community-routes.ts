import { done, endDelegationBody, removeHomeBody } from '../messages.ts'
import { perform, refusals, requireSession, SIGNED_IN, type PageApp, type RouteParts } from './routes.ts'

/** What the manager asks of the community's gateway. */
export function addCommunity(app: PageApp, { actions, access }: RouteParts): void {
  const schema = {
    summary: 'End a delegation between two homes',
    body: endDelegationBody,
    response: { 200: done, ...refusals },
  }
  app.post('/api/actions/end-delegation', { config: SIGNED_IN, schema }, async (request) => {
    requireSession(request, access)
    return perform(actions.endDelegation?.(request.body.delegation))
  })

  const removal = {
    summary: 'Remove a home from the community',
    body: removeHomeBody,
    response: { 200: done, ...refusals },
  }
  app.post('/api/actions/remove-home', { config: SIGNED_IN, schema: removal }, async (request) => {
    requireSession(request, access)
    return perform(actions.removeHome?.(request.body.home))
  })
}
