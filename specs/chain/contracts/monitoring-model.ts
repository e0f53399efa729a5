import { hexlify } from 'ethers'
import { recordDigest, type ChainRecord } from '../../../protocols/messages/record.ts'

/** What the contract must keep of one home, written as plainly as can be: a list and a map. */
export class HomeModel {
  readonly records: { readonly slot: number; readonly sequence: number; readonly digest: string }[] = []
  readonly anchors = new Map<number, { digest: string; slot: number; nextPeriod: number }>()
  readonly #home: string
  readonly #slotsPerBilling: number

  constructor(home: string, slotsPerBilling: number) {
    this.#home = home
    this.#slotsPerBilling = slotsPerBilling
  }

  /** The named error of a call that carries these records, or null when it is carried out. */
  refusal(records: readonly ChainRecord[], furthest: number): string | null {
    let last = this.records.at(-1)
    for (const { slot, sequence } of records) {
      if (slot <= (last?.slot ?? 0)) return 'SlotNotRising'
      if (last !== undefined && sequence <= last.sequence) return 'SequenceNotRising'
      if (slot > furthest) return 'SlotAhead'
      last = { slot, sequence, digest: '' }
    }
    return null
  }

  accept(records: readonly ChainRecord[]): void {
    for (const record of records) {
      const digest = hexlify(recordDigest({ home: this.#home, delegation: 0 }, record))
      this.#anchor(record.slot, digest)
      this.records.push({ slot: record.slot, sequence: record.sequence, digest })
    }
  }

  #anchor(slot: number, digest: string): void {
    const period = this.#periodOf(slot)
    const last = this.records.at(-1)
    if (last === undefined) {
      this.anchors.set(period - 1, { digest, slot, nextPeriod: period })
    } else if (this.#periodOf(last.slot) < period) {
      const { digest: kept, slot: keptSlot } = last
      this.anchors.set(this.#periodOf(last.slot), { digest: kept, slot: keptSlot, nextPeriod: period })
    }
  }

  #periodOf(slot: number): number {
    return Math.floor(slot / this.#slotsPerBilling)
  }
}
