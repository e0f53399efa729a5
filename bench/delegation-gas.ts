import { keccak256 } from 'ethers'
import type { EmbeddedChain } from '../chain/network/embedded.ts'
import { rpcCall } from '../chain/network/rpc.ts'
import type { ChainRecord } from '../protocols/messages/record.ts'
import { anyRecord, ContractLab, LAB_SETTINGS, type Call } from './contract-lab.ts'
import { DelegationLab, party, SCT } from './delegation-lab.ts'
import type { BenchRow } from './recovery.ts'

/** Issue 5 and DESIGN §14: whole transactions. A delegated reading keeps the limit of a direct one. */
const LIMITS = { register: 200_000, end: 60_000, reading: 52_000, ofFour: 32_000 } as const
const [AWAY, NEAR] = [party(1), party(2)]

/** Gas of what the parties of a delegation call, and of a reading while its home is watched. */
export async function delegationRows(chain: EmbeddedChain): Promise<BenchRow[]> {
  const settings = { ...LAB_SETTINGS, L: 5, slotsPerBilling: 100_000 }
  const lab = await ContractLab.deploy(chain, settings)
  const desk = new DelegationLab(lab, [AWAY, NEAR])
  await lab.found([AWAY.address, NEAR.address])
  await desk.fund([AWAY.address], 10n * SCT)
  const gas = async (call: Call): Promise<number> => (await lab.do(call)).gasUsed
  const terms = await desk.terms(AWAY.address, NEAR.address, { untilSlot: (await lab.currentSlot()) + 60 })
  const register = await gas(await desk.registerCall(terms))
  await passTo(chain, lab, terms.fromSlot)
  const recipient = await desk.keyIdOf(1)
  let next = terms.fromSlot - 20
  const records = (count: number): ChainRecord[] =>
    Array.from({ length: count }, () => anyRecord(next, (next += 1)))
  for (const count of [10, 9]) await lab.do(lab.submitCall(AWAY.address, records(count)))
  next = terms.fromSlot
  const reading = await gas(lab.submitCall(AWAY.address, records(1), recipient))
  const four = await gas(lab.submitCall(AWAY.address, records(4), recipient))
  const end = await gas(desk.endCall(AWAY.address))
  await passTo(chain, lab, terms.fromSlot + 20)
  next = terms.fromSlot + 20
  const after = await gas(lab.submitCall(AWAY.address, records(1)))
  const claim = await gas(desk.claimCall(NEAR.address, 1, 1, keccak256('0x02')))
  const rest = await gas(desk.returnCall(AWAY.address))
  return [
    row('delegation.register', register, LIMITS.register),
    row('delegation.reading', reading, LIMITS.reading),
    row('delegation.x4', Math.round(four / 4), LIMITS.ofFour),
    row('delegation.end', end, LIMITS.end),
    row('delegation.readingAfter', after, LIMITS.reading),
    row('delegation.claim', claim, null),
    row('delegation.return', rest, null),
  ]
}

async function passTo(chain: EmbeddedChain, lab: ContractLab, slot: number): Promise<void> {
  const seconds = Math.ceil((slot * lab.contracts.sampleMs) / 1000)
  await rpcCall(chain.rpc, 'evm_setNextBlockTimestamp', [seconds])
  await rpcCall(chain.rpc, 'evm_mine')
}

function row(name: string, value: number, limit: number | null): BenchRow {
  return { case: name, value, unit: 'gas', limit, ok: limit === null || value <= limit, baseline: null }
}
