import { afterEach, describe, expect, it } from 'vitest'
import { Fault } from '../../protocols/rules/fault.ts'
import { delegationsView } from '../../web/delegation-model.ts'
import { refusal } from '../../web/messages.ts'
import { view } from '../../web/read-model.ts'
import {
  activeDelegation,
  askedDelegation,
  exampleCare,
  exampleDelegations,
  neighbourlyHome,
  pastDelegations,
  scriptedDelegations,
  type ScriptedDelegations,
} from './example-delegations.ts'
import { neighbour } from './example-market.ts'
import { exampleCommunity, NOON_MS } from './example-views.ts'
import { startScripted, type ScriptedGateway } from './scripted-gateway.ts'

const running: ScriptedGateway[] = []
afterEach(async () => {
  await Promise.all(running.splice(0).map(({ pages }) => pages.close()))
})

const everything = exampleDelegations({
  list: [askedDelegation(), activeDelegation(), ...pastDelegations()],
  caring: [exampleCare()],
})

const open = async (
  actions: ScriptedDelegations | null = scriptedDelegations(),
): Promise<ScriptedGateway> => {
  const gateway = await startScripted({
    view: neighbourlyHome(everything),
    actions: actions === null ? {} : { delegations: actions },
  })
  running.push(gateway)
  return gateway
}

const post = (gateway: ScriptedGateway, name: string, body: unknown): Promise<Response> =>
  fetch(`${gateway.pages.url}api/actions/delegation/${name}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
const refused = async (response: Response) => refusal.parse(await response.json())

const negotiation = '00112233445566778899aabbccddeeff'
const offer = {
  functions: ['readings', 'alarms'],
  fromMs: null,
  untilMs: NOON_MS,
  rewardMicroSct: 4_000_000,
  text: 'We are away.',
}
const proposal = { requestId: negotiation, peer: neighbour(1), ...offer }
const ACTIONS = ['propose', 'counter', 'accept', 'decline', 'end', 'saw']

describe('Delegations in the view of a home', () => {
  it('are told as they are, and their examples are what the schema describes', async () => {
    const gateway = await open()
    const told = view.parse(await (await fetch(`${gateway.pages.url}api/view`)).json())
    expect(told).toEqual(neighbourlyHome(everything))
    expect(delegationsView.parse(everything)).toEqual(everything)
  })

  it('cannot be asked about where nothing can be delegated, as at the community', async () => {
    const gateway = await open(null)
    expect(await refused(await post(gateway, 'propose', proposal))).toMatchObject({ code: 'not-here' })
    const community = await startScripted({ view: exampleCommunity() })
    running.push(community)
    expect(await refused(await post(community, 'end', { negotiation }))).toMatchObject({ code: 'not-here' })
  })

  it('are described in OpenAPI with every action', async () => {
    const gateway = await open()
    const described: unknown = await (await fetch(`${gateway.pages.url}openapi.json`)).json()
    for (const name of ACTIONS) {
      expect(described).toHaveProperty(['paths', `/api/actions/delegation/${name}`])
    }
  })
})

describe('What people ask of a delegation', () => {
  it.each([
    ['propose', proposal],
    ['counter', { negotiation, ...offer }],
    ['accept', { negotiation }],
    ['decline', { negotiation }],
    ['end', { negotiation }],
    ['saw', { negotiation }],
  ])('%s reaches the home’s gateway as it was asked', async (name, body) => {
    const actions = scriptedDelegations()
    const response = await post(await open(actions), name, body)
    expect([response.status, await response.json()]).toEqual([200, { ok: true }])
    expect(actions.asked).toEqual([[name, body]])
  })

  it.each([
    ['propose', { ...proposal, requestId: 'again' }, 'requestId'],
    ['propose', { ...proposal, peer: 'Ana' }, 'peer'],
    ['propose', { ...proposal, functions: [] }, 'functions'],
    ['propose', { ...proposal, functions: ['trading'] }, 'functions.0'],
    ['propose', { ...proposal, untilMs: null }, 'untilMs'],
    ['propose', { ...proposal, rewardMicroSct: -1 }, 'rewardMicroSct'],
    ['propose', { ...proposal, rewardMicroSct: 0.5 }, 'rewardMicroSct'],
    ['propose', { ...proposal, text: 'x'.repeat(601) }, 'text'],
    ['counter', offer, 'negotiation'],
    ['end', { negotiation: '../7' }, 'negotiation'],
  ])('%s with %o is refused by its field %s', async (name, body, field) => {
    const actions = scriptedDelegations()
    const response = await post(await open(actions), name, body)
    expect(response.status).toBe(400)
    expect(await refused(response)).toMatchObject({ code: 'bad-field', field })
    expect(actions.asked).toEqual([])
  })

  it('takes the longest note in any script', async () => {
    const actions = scriptedDelegations()
    const text = '家'.repeat(600)
    const response = await post(await open(actions), 'propose', { ...proposal, text })
    expect(response.status).toBe(200)
    expect(actions.asked).toMatchObject([['propose', { text }]])
  })

  it('is answered with the gateway’s own reason, and the field it is about', async () => {
    const gateway = await open(
      scriptedDelegations(() => {
        throw new Fault('still-delegated', 'Another neighbour watches this home.', {
          field: 'peer',
          fix: 'end',
        })
      }),
    )
    const response = await post(gateway, 'propose', proposal)
    expect(response.status).toBe(409)
    expect(await refused(response)).toMatchObject({ code: 'still-delegated', field: 'peer', fix: 'end' })
  })
})
