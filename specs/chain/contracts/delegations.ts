import { beforeAll } from 'vitest'
import type { LabSettings } from '../../../bench/contract-lab.ts'
import { DelegationLab, party, SCT } from '../../../bench/delegation-lab.ts'
import { contractLab } from './setting.ts'

/** Homes whose accounts can sign: one is away, two are neighbours, and one has no part in it. */
const PARTIES = [1, 2, 3, 4].map(party)
const [away, near, next, other] = PARTIES.map(({ address }) => address)
export const AWAY = away ?? ''
export const NEAR = near ?? ''
export const NEXT = next ?? ''
export const OTHER = other ?? ''
export const MEMBERS = [AWAY, NEAR, NEXT, OTHER]

/** What each home has, and lets the contract draw, at the start of each test. */
export const FUNDS = 100n * SCT

/** A community with tokens for the file; each test begins with the same state of it. */
export function delegationLab(settings: Partial<LabSettings> = {}): () => DelegationLab {
  const lab = contractLab({ slotsPerBilling: 200, ...settings }, MEMBERS)
  let desk: DelegationLab | undefined
  beforeAll(async () => {
    desk = new DelegationLab(lab(), PARTIES)
    await desk.fund(MEMBERS, FUNDS)
  })
  return () => {
    if (desk === undefined) throw new Error('the lab is not open')
    return desk
  }
}
