import { afterAll, afterEach, beforeAll, beforeEach, expect } from 'vitest'
import { z } from 'zod'
import {
  ContractLab,
  LAB_SETTINGS,
  homeAddress,
  type Call,
  type LabSettings,
} from '../../../bench/contract-lab.ts'

const blockSchema = z.object({ timestamp: z.string() })

/** The homes of a lab, admitted and keyed before each test. */
export const HOMES = [1, 2, 3].map(homeAddress)
export const [HOME, OTHER_HOME] = [homeAddress(1), homeAddress(2)]
export const STRANGER = homeAddress(99)

/** One chain for the file; each test begins with the same state of it. */
export function contractLab(
  settings: Partial<LabSettings> = {},
  homes: readonly string[] = HOMES,
): () => ContractLab {
  let lab: ContractLab | undefined
  let snapshot: unknown
  const current = (): ContractLab => {
    if (lab === undefined) throw new Error('the lab is not open')
    return lab
  }
  beforeAll(async () => {
    const chain = await ContractLab.chainOnly()
    lab = await ContractLab.deploy(chain, { ...LAB_SETTINGS, ...settings })
    if (homes.length > 0) await lab.found(homes)
  })
  afterAll(async () => {
    await lab?.chain.stop()
  })
  beforeEach(async () => {
    await startPeriod(current())
    snapshot = await current().rpc('evm_snapshot')
  })
  afterEach(async () => {
    await current().rpc('evm_revert', [snapshot])
  })
  return current
}

/**
 * Goes on to the next billing period unless the current one has only begun, so that no test meets its end.
 */
async function startPeriod(lab: ContractLab): Promise<void> {
  const { slotsPerBilling } = lab.contracts
  const into = (await lab.currentSlot()) % slotsPerBilling
  if (into > slotsPerBilling / 3) await passSlots(lab, slotsPerBilling - into)
}

/** The call meets this named error, with these arguments where they are given. */
export async function expectRefusal(
  lab: ContractLab,
  call: Call,
  name: string,
  args: Readonly<Record<string, unknown>> = {},
): Promise<void> {
  const refused = await lab.refusalOf(call)
  expect(refused?.name).toBe(name)
  expect(refused?.args).toMatchObject(args)
}

/** Mines `count` blocks at once. */
export async function mineBlocks(lab: ContractLab, count: number): Promise<void> {
  await lab.rpc('anvil_mine', [`0x${count.toString(16)}`])
}

/** Mines one block whose time is `slots` sample periods after the newest block's. */
export async function passSlots(lab: ContractLab, slots: number): Promise<void> {
  const block = blockSchema.parse(await lab.rpc('eth_getBlockByNumber', ['latest', false]))
  const seconds = Math.ceil((slots * lab.contracts.sampleMs) / 1000)
  await lab.rpc('evm_setNextBlockTimestamp', [Number(block.timestamp) + seconds])
  await lab.rpc('evm_mine')
}
