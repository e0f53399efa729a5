import { existsSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Contracts } from '../../chain/contracts-file.ts'
import { deployCommunity, type DeployOptions } from '../../chain/deploy.ts'
import type { Cable } from '../../protocols/rules/cable.ts'
import { codeOf, messageOf } from '../../protocols/rules/fault.ts'
import { wallClock } from '../clock.ts'
import type { GatewayLog } from './log.ts'

/** How long a node may take to come back; a Geth that replays its last blocks needs a minute. */
const PATIENCE_MS = 120_000
const RETRY_MS = 500

/**
 * The contracts of a new community, or those of its folder. A community that stands waits for a node that is
 * away: after a power cut both start at the same time. Throws what `deployCommunity` throws, and
 * `rpc-unreachable` at once for a new community, after two minutes for an old one.
 */
export async function foundOrReturn(
  options: DeployOptions & { readonly file: string },
  cable: Cable,
  log: GatewayLog,
): Promise<Contracts> {
  const stands = existsSync(options.file)
  let told = false
  let deadlineMs = wallClock.nowMs() + PATIENCE_MS
  for (;;) {
    if (cable.isCut()) deadlineMs = wallClock.nowMs() + PATIENCE_MS
    else {
      try {
        return await deployCommunity(options)
      } catch (thrown) {
        const late = wallClock.nowMs() > deadlineMs
        if (!stands || late || codeOf(thrown) !== 'rpc-unreachable') throw thrown
        if (!told) log.say(`chain      ${messageOf(thrown)}; trying on for two minutes`)
        told = true
      }
    }
    await sleep(RETRY_MS)
  }
}
