import { Interface } from 'ethers'
import { z } from 'zod'
import { monitoringAbi } from '../../chain/bindings/monitoring.gen.ts'
import { quotaAbi } from '../../chain/bindings/quota.gen.ts'
import { tokenAbi } from '../../chain/bindings/token.gen.ts'
import { tradingAbi } from '../../chain/bindings/trading.gen.ts'
import type { Lie } from './lying-node.ts'

const log = z.looseObject({ topics: z.array(z.string()), data: z.string() })
const Logs = z.array(log)
const Receipts = z.array(z.looseObject({ logs: Logs }))

const faces = {
  monitoring: new Interface(monitoringAbi),
  trading: new Interface(tradingAbi),
  quota: new Interface(quotaAbi),
  token: new Interface(tokenAbi),
}

/** One argument of an event, told differently. */
type Change = Readonly<Record<string, (was: unknown) => unknown>>

/** Which of the events of a name, by its arguments. */
type Which = (args: Readonly<Record<string, unknown>>) => boolean

/** A node that tells the first such event of this name with some arguments changed, to whoever asks. */
export function retold(
  contract: keyof typeof faces,
  event: string,
  change: Change,
  which: Which = () => true,
): () => Lie {
  const face = faces[contract]
  const fragment = face.getEvent(event)
  if (fragment === null) throw new Error(`there is no event ${event}`)
  const edited = (told: z.infer<typeof log>) => {
    const values: readonly unknown[] = face.decodeEventLog(fragment, told.data, told.topics)
    const changed = fragment.inputs.map(({ name }, at) => change[name]?.(values[at]) ?? values[at])
    return { ...told, ...face.encodeEventLog(fragment, changed) }
  }
  return () => {
    let done = false
    const inOrder = (logs: z.infer<typeof Logs>) =>
      logs.map((each) => {
        if (done || each.topics[0] !== fragment.topicHash) return each
        if (!which(face.decodeEventLog(fragment, each.data, each.topics).toObject())) return each
        done = true
        return edited(each)
      })
    return (method, _, truth) => {
      if (method === 'eth_getLogs') return inOrder(Logs.parse(truth))
      if (method !== 'eth_getBlockReceipts') return truth
      return Receipts.parse(truth).map((receipt) => ({ ...receipt, logs: inOrder(receipt.logs) }))
    }
  }
}

/** The number after the true one. */
export const more = (was: unknown): unknown => BigInt(String(was)) + 1n
/** An account that has nothing to do with it. */
export const another = (): unknown => `0x${'11'.repeat(20)}`
