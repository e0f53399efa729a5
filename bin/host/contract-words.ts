import type { Interface } from 'ethers'
import type { Contracts } from '../../chain/contracts-file.ts'
import type { Allowance } from '../../protocols/rules/divide.ts'
import type { ChainLink } from './chain-link.ts'

/** What the contracts themselves say at the newest block. */
export interface ContractWords {
  /** The epoch whose keys hold; null before the first are announced. */
  currentEpoch(): Promise<number | null>
  /** The slot in which an epoch's keys were announced. */
  epochBegan(epoch: number): Promise<number>
  /** Slots after an announcement in which readings may still be sealed to the epoch before. */
  graceSlots(): Promise<number>
  nextAlarm(): Promise<number>
  /** Divisions of the community contract begun so far. */
  revisions(): Promise<number>
  /** The first period that may be divided anew: no lot was asked for in it yet. */
  earliestPeriod(): Promise<number>
  /** What a home may use in a period, exchanges included; null where no division holds. */
  quotaOf(home: string, period: number): Promise<Allowance | null>
}

/** Asks the contracts by way of the gateway's node. */
export function contractWords(
  chain: Pick<ChainLink, 'read'>,
  contracts: Contracts,
  faces: { readonly monitoring: Interface; readonly quota: Interface },
): ContractWords {
  const ask = async (
    contract: 'monitoring' | 'quota',
    name: string,
    args: readonly unknown[] = [],
  ): Promise<readonly unknown[]> => {
    const data = await chain.read(contracts[contract], faces[contract].encodeFunctionData(name, args))
    return [...(faces[contract].decodeFunctionResult(name, data) as readonly unknown[])]
  }
  const number = async (...asked: Parameters<typeof ask>): Promise<number> => Number((await ask(...asked))[0])
  return {
    async currentEpoch() {
      const epoch = await number('monitoring', 'currentEpoch')
      const [key] = await ask('monitoring', 'communityKeys', [epoch])
      return key === '0x' ? null : epoch
    },
    async epochBegan(epoch) {
      const [, , fromSlot] = await ask('monitoring', 'communityKeys', [epoch])
      return Number(fromSlot)
    },
    graceSlots: () => number('monitoring', 'graceSlots'),
    nextAlarm: () => number('monitoring', 'nextAlarm'),
    revisions: () => number('quota', 'revisions'),
    earliestPeriod: () => number('quota', 'earliestPeriod'),
    async quotaOf(home, period) {
      if ((await number('quota', 'revisionAt', [period])) === 0) return null
      const [energyWh, powerW, waterMl] = await ask('quota', 'quotaOf', [home, period])
      return { energyWh: Number(energyWh), powerW: Number(powerW), waterMl: Number(waterMl) }
    },
  }
}
