import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { catalogue } from '../../actors/catalogue.ts'
import type { CommunityGatewayEvent } from '../../actors/community-gateway/machine.ts'
import type { SmartGatewayEvent } from '../../actors/smart-gateway/machine.ts'
import { bundleChild } from '../delegation/child-bundle.ts'
import { leafStates } from '../machines/coverage.ts'
import { count } from '../machines/inspection.mjs'
import { type Ended, RemoteGateway } from './remote-gateway.ts'
import { DEEDS_OF, type Death, HOOKS, type Settings } from './wire.ts'

/*
 * The machines of the two gateways, each in a process of its own with its store, are killed in every
 * state; they come to the end of the run that nobody disturbed, and nothing is done twice. `npm test`
 * tries a sample by METERHOOD_SEED, METERHOOD_CRASHES=all every state at every moment.
 */

const ALL = process.env['METERHOOD_CRASHES'] === 'all'
const SEED = Number(process.env['METERHOOD_SEED'] ?? Date.now() % 1_000_000)
const SAMPLE = 6

const recipient = '0x02aa'
const HOME: readonly SmartGatewayEvent[] = [
  { type: 'COMMUNITY_FOUND' },
  { type: 'KEY_PUBLISHED', epoch: 0, recipient },
  { type: 'READING_COMPLETE', slot: 1 },
  { type: 'READING_COMPLETE', slot: 2 },
  { type: 'READING_REFUSED', slot: 3, reason: 'spike' },
  { type: 'READING_COMPLETE', slot: 4 },
  { type: 'READING_INCLUDED', slot: 1 },
  { type: 'READING_INCLUDED', slot: 2 },
  { type: 'READING_INCLUDED', slot: 4 },
  { type: 'ALARM_OPENED', number: 1 },
  { type: 'ALARM_OPENED', number: 2 },
  { type: 'ALARMS_ACKNOWLEDGED' },
  { type: 'EPOCH_ANNOUNCED', epoch: 1, recipient },
  { type: 'KEY_PUBLISHED', epoch: 1, recipient },
  { type: 'AWAY', what: 'chain' },
  { type: 'AWAY', what: 'boards' },
  { type: 'BACK', what: 'chain' },
  { type: 'BACK', what: 'boards' },
  { type: 'LEAVE' },
  { type: 'LEFT' },
]

const COMMUNITY: readonly CommunityGatewayEvent[] = [
  { type: 'JOIN_ASKED', account: 'ann', peerKey: '0x01' },
  { type: 'JOIN_ASKED', account: 'bob', peerKey: '0x02' },
  { type: 'MEMBER_ADMITTED', account: 'ann' },
  { type: 'MEMBER_KEYED', account: 'ann' },
  { type: 'MEMBER_KEYED', account: 'bob' },
  { type: 'RECORDS_SEEN', count: 2 },
  { type: 'READINGS_OPENED', accepted: 1, faulty: 0 },
  { type: 'READINGS_OPENED', accepted: 0, faulty: 1 },
  { type: 'EPOCH_DUE', epoch: 1 },
  { type: 'PERIOD_ENDED', period: 1 },
  { type: 'PERIOD_ENDED', period: 2 },
  { type: 'EXCESSES_TOLD' },
  { type: 'EXCESSES_LOOKED', demanded: 1 },
  { type: 'EXCESSES_LOOKED', demanded: 0 },
  { type: 'ALARMS_DRAFTED', count: 2 },
  { type: 'ALARMS_PUBLISHED', count: 1 },
  { type: 'ALARMS_PUBLISHED', count: 1 },
  { type: 'PRICES_STALE' },
  { type: 'PRICES_FRESH' },
  { type: 'CHAIN_STALLED' },
  { type: 'CHAIN_REWOUND', block: 3 },
  { type: 'CHAIN_FOLLOWED' },
  { type: 'CHAIN_REWOUND', block: 3 },
  { type: 'CHAIN_FOLLOWED' },
  { type: 'MEMBER_REVOKED', account: 'bob' },
  { type: 'HAND_OVER' },
  { type: 'HANDED_OVER' },
]

const COURSES = { 'smart-gateway': HOME, 'community-gateway': COMMUNITY } as const

/** Every moment at which a machine can be killed: two in each state, four where it reaches out of itself. */
function cellsOf(machine: Settings['machine']): Death[] {
  const states = leafStates(catalogue[machine])
  return states.flatMap((leaf) =>
    HOOKS.filter((hook) => {
      if (hook.endsWith('send')) return DEEDS_OF[machine][leaf] !== undefined
      return hook === 'after persist' || !['left', 'handedOver'].includes(leaf)
    }).map((hook) => ({ leaf, hook })),
  )
}

const nameOf = ({ leaf, hook }: Death): string => `${leaf} ${hook}`

describe(`gateways killed by SIGKILL in every state (seed ${SEED})`, () => {
  let folder = ''
  let child: Awaited<ReturnType<typeof bundleChild>>
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'meterhood-crashes-'))
    child = await bundleChild('specs/crashes/gateway-child.ts')
  }, 120_000)
  afterAll(() => {
    rmSync(folder, { recursive: true, force: true })
    rmSync(child.folder, { recursive: true, force: true })
  })

  let lives = 0
  async function lived(machine: Settings['machine'], deaths: Death[]) {
    lives += 1
    let met = 0
    const file = join(folder, `${lives}.sqlite`)
    // The community turns the home away until its people come back.
    const refuses = (deed: string): string | null => (deed === 'introduce' && met === 0 ? 'not yet' : null)
    const gateway = new RemoteGateway(child.file, { machine, file, deaths }, refuses)
    const course = COURSES[machine].map((event, at) => ({ id: `event-${at}`, event }))
    const end = await gateway.live(course, () => {
      met += 1
    })
    return { end, gateway }
  }

  it.each(['smart-gateway', 'community-gateway'] as const)(
    '%s: comes to the same end, and does nothing twice',
    { timeout: 900_000 },
    async (machine) => {
      const cells = cellsOf(machine)
      const undisturbed = (await lived(machine, [])).end
      expect(
        Object.entries(undisturbed.counts).filter(([name, times]) => /^enq/u.test(name) && times !== 1),
      ).toEqual([])
      const wanted = ALL
        ? cells
        : (fc.sample(fc.shuffledSubarray(cells, { minLength: SAMPLE, maxLength: SAMPLE }), {
            numRuns: 1,
            seed: SEED,
          })[0] ?? [])
      for (const hook of HOOKS) {
        const deaths = wanted.filter((each) => each.hook === hook)
        const { end, gateway } = await lived(machine, deaths)
        expect(end).toEqual(undisturbed satisfies Ended)
        expect(gateway.left().map(nameOf)).toEqual([])
        expect(gateway.faults).toEqual([])
        for (const died of gateway.died)
          for (const leaf of died.leaves)
            count('crash', catalogue[machine].id, nameOf({ leaf, hook: died.hook }))
      }
      for (const cell of cells) count('cell', catalogue[machine].id, nameOf(cell))
    },
  )
})
