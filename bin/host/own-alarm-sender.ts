import { Interface, ZeroAddress } from 'ethers'
import { createAlarmSender, type AlarmRecipient, type AlarmSender } from '../../actors/alarm-sender.ts'
import { readerOfAlarm } from '../../actors/delegation/reader-of.ts'
import { readMeta } from '../../actors/storage/meta.ts'
import { monitoringAbi } from '../../chain/bindings/monitoring.gen.ts'
import type { CommunityDescriptor } from '../../protocols/messages/join.ts'
import { wallClock } from '../clock.ts'
import type { ChainLink } from './chain-link.ts'
import type { HomeOpening } from './home-joining.ts'

const monitoringFace = new Interface(monitoringAbi)

/** Who reads the home's alarms now: the neighbour that they are delegated to, or the home itself. */
async function readerNow(
  home: HomeOpening,
  sampleMs: number,
  chain: ChainLink,
): Promise<AlarmRecipient | null> {
  const epoch = Number((await readMeta(home.store.db, 'epoch')) ?? -1)
  const slot = Math.floor((chain.view().headAtMs ?? wallClock.nowMs()) / sampleMs)
  const watch = await readerOfAlarm(home.store.db, home.account, slot, epoch)
  if (watch !== null) return watch
  const key = home.keys.get(epoch)
  return key === undefined ? null : { epoch, key: key.bytes, delegation: 0 }
}

/** The home's own alarms: sealed to itself or to whom they are delegated, one in a call. */
export function ownAlarmSender(
  home: HomeOpening,
  descriptor: CommunityDescriptor,
  chain: ChainLink,
): AlarmSender {
  const { monitoring, chainId, sampleMs } = descriptor
  return createAlarmSender({
    store: home.store,
    outbox: chain.outbox,
    chainId,
    monitoring,
    sender: home.account,
    batch: 1,
    recipientOf: () => readerNow(home, sampleMs, chain),
    nextNumber: async () => {
      const data = monitoringFace.encodeFunctionData('nextOwnAlarm', [home.account])
      const [next] = monitoringFace.decodeFunctionResult('nextOwnAlarm', await chain.read(monitoring, data))
      return Number(next)
    },
    encode: (first, sealed) => {
      const [alarm] = sealed
      const { recipient, envelope } = alarm ?? { recipient: ZeroAddress, envelope: new Uint8Array() }
      return monitoringFace.encodeFunctionData('raiseOwnAlarm', [first, recipient, envelope])
    },
    onFault: (thrown) => home.log.fault(thrown, 'own alarms'),
  })
}
