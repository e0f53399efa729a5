import { getBytes } from 'ethers'
import type { Intent } from '../../actors/contract-proxy/call.ts'
import { readerOfReading } from '../../actors/delegation/reader-of.ts'
import {
  isSealed,
  keepSealedAgain,
  sealSample,
  slotOfIntent,
  type SealedSlotData,
  type SealingPlace,
} from '../../actors/smart-gateway/readings.ts'
import { readMeta } from '../../actors/storage/meta.ts'
import { plainRecipient } from '../../protocols/crypto/recipient.ts'
import type { CommunityDescriptor } from '../../protocols/messages/join.ts'
import { wallClock } from '../clock.ts'
import type { HomeDelegations } from './delegation/home-delegations.ts'
import { announced, communityKey, type HomeOpening } from './home-joining.ts'

const SUBMIT = 'submit'
/** What a contract says of a reading that is sealed to a key which does not count for its slot. */
const MENDED = ['WrongRecipient', 'EpochNotAccepted']

/** A refused reading is sealed again, to whom the contract expects by then. */
export const isMendable = (kind: string, error: string): boolean => kind === SUBMIT && MENDED.includes(error)

/** Who reads a slot, as far as this home knows the chain. */
async function placeOf(
  home: HomeOpening,
  descriptor: CommunityDescriptor,
  slot: number,
): Promise<SealingPlace> {
  const { chainId, monitoring } = descriptor
  const { account } = home
  const epoch = Number(await announced(home, 'epoch'))
  const watch = await readerOfReading(home.store.db, account, slot, epoch)
  const recipientKey = watch?.key ?? getBytes(await communityKey(home, epoch))
  return { chainId, monitoring, account, epoch, recipientKey, delegation: watch?.delegation ?? 0 }
}

/** Seals a kept sample and gives its sequence; null when the slot is sealed and in the outbox already. */
export async function sealReading(home: HomeOpening, slot: number): Promise<number | null> {
  if (await isSealed(home.store, slot)) return null
  const place = await placeOf(home, home.attached.descriptor, slot)
  const data = await sealSample(home.store, home.sealer, place, slot)
  home.sealed.set(slot, data)
  return data.sequence
}

/** Looks once more at readings that are about to be signed, and seals anew what another is to read by now. */
export class Resealing {
  readonly #home: HomeOpening
  readonly #descriptor: CommunityDescriptor

  constructor(home: HomeOpening, descriptor: CommunityDescriptor) {
    this.#home = home
    this.#descriptor = descriptor
  }

  /** Undefined until the home is attached, null where nothing can be delegated. */
  #delegations(): HomeDelegations | null | undefined {
    return this.#home.gateway.attached?.delegations
  }

  /** While the reader may change, one call goes at a time, so that none passes one that is refused. */
  isSingly(): boolean {
    return this.#delegations()?.isHandingOver === true
  }

  /**
   * The first of the waiting calls that may go. What a block tells of a delegation counts from the slot after
   * it: with the first block of a slot, who reads that slot is certain.
   */
  async refresh(waiting: readonly Intent[]): Promise<readonly Intent[]> {
    const ready: Intent[] = []
    for (const intent of waiting) {
      if (intent.kind !== SUBMIT) ready.push(intent)
      else if (!this.#isCertain(slotOfIntent(intent.id))) break
      else ready.push(await this.#fresh(intent))
    }
    return ready
  }

  #isCertain(slot: number): boolean {
    const delegations = this.#delegations()
    // Calls that waited when the home stopped wait until it knows the chain again.
    if (delegations === undefined) return false
    return delegations === null || !delegations.isHandingOver || slot <= delegations.appliedSlot
  }

  async #fresh(intent: Intent): Promise<Intent> {
    const slot = slotOfIntent(intent.id)
    // Without a single epoch nothing was ever sealed; this one is known.
    if ((await readMeta(this.#home.store.db, 'epoch')) === null) return intent
    const place = await placeOf(this.#home, this.#descriptor, slot)
    if (await this.#isSealedTo(slot, place)) return intent
    const data = await sealSample(this.#home.store, this.#home.sealer, place, slot)
    return { ...intent, data: await this.#keep(data) }
  }

  async #isSealedTo(slot: number, { epoch, delegation, recipientKey }: SealingPlace): Promise<boolean> {
    const row = await this.#home.store.db
      .selectFrom('sealed')
      .select(['epoch', 'delegation', 'recipient'])
      .where('slot', '=', slot)
      .executeTakeFirst()
    if (row === undefined) return true
    const isSame = row.epoch === epoch && row.delegation === delegation
    return isSame && row.recipient === plainRecipient(recipientKey).id
  }

  async #keep(data: SealedSlotData): Promise<Uint8Array> {
    const { store, log } = this.#home
    const { slot, epoch, delegation } = data
    log.info({ slot, epoch, delegation }, 'a reading is sealed again: another is to read it')
    const body = await store.transaction((trx) => keepSealedAgain(trx, data, wallClock.nowMs()))
    this.#home.courier?.wake()
    return body
  }
}
