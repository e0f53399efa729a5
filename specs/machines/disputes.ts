import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Interface } from 'ethers'
import { pino } from 'pino'
import { wallClock } from '../../bin/clock.ts'
import { openChainLink, type CallOutcome } from '../../bin/host/chain-link.ts'
import { contractWords } from '../../bin/host/contract-words.ts'
import { HomeExcesses } from '../../bin/host/home-excesses.ts'
import type { GatewayLog } from '../../bin/host/log.ts'
import { createCollector } from '../../actors/community-gateway/collector.ts'
import { createExcessDesk, type Withdrawn } from '../../actors/community-gateway/excess-desk.ts'
import { applyFacts, revertFacts } from '../../actors/community-gateway/facts.ts'
import { createQuotaControl } from '../../actors/community-gateway/quota-control.ts'
import { createRecoveryPool } from '../../actors/community-gateway/recovery/pool.ts'
import { keepExcessEvent, revertExcessEvents, storedExcess } from '../../actors/excess-events.ts'
import { openStore, type Store } from '../../actors/storage/store.ts'
import { monitoringAbi } from '../../chain/bindings/monitoring.gen.ts'
import { quotaAbi } from '../../chain/bindings/quota.gen.ts'
import type { Excess, MeteredResource } from '../../protocols/rules/excess.ts'
import type { SpecCommunity, SpecHome } from '../verify/community.ts'

const faces = { monitoring: new Interface(monitoringAbi), quota: new Interface(quotaAbi) }

/** A log that keeps what was thrown. */
export function keepingLog(faults: unknown[]): GatewayLog {
  const nothing = (): void => undefined
  const fault = (thrown: unknown): void => void faults.push(thrown)
  return {
    say: nothing,
    info: nothing,
    warn: nothing,
    error: nothing,
    fault,
    logger: pino({ enabled: false }),
  }
}

/** What judges periods in a community gateway, on a real chain; it can be stopped and opened again. */
export interface DisputeGateway {
  readonly store: Store
  readonly withdrawn: readonly Withdrawn[]
  readonly outcomes: readonly CallOutcome[]
  readonly faults: readonly unknown[]
  /** How an excess stands by what the gateway has read of the chain. */
  readonly excess: (home: SpecHome, period: number, resource: MeteredResource) => Promise<Excess | null>
  stop(): Promise<void>
}

/** A folder for the gateway's file, and its end. */
export async function gatewayFolder(): Promise<{ file: string; remove: () => Promise<void> }> {
  const folder = await mkdtemp(join(tmpdir(), 'meterhood-disputes-'))
  return { file: join(folder, 'gateway.sqlite'), remove: () => rm(folder, { recursive: true, force: true }) }
}

/** Opens the gateway; with `answers` false it reads the chain and does nothing itself. */
export async function openDisputeGateway(
  community: SpecCommunity,
  file: string,
  answers = true,
): Promise<DisputeGateway> {
  const { contracts, chain, operation, managerKey } = community
  const store = await openStore({ file })
  const faults: unknown[] = []
  const withdrawn: Withdrawn[] = []
  const outcomes: CallOutcome[] = []
  const log = keepingLog(faults)
  const onFault = (thrown: unknown): void => void faults.push(thrown)
  const { chainId, genesisHash, deployedAtBlock: fromBlock, slotsPerBilling } = contracts
  const link = await openChainLink({
    rpc: chain.rpc,
    finality: 'saved',
    chainId,
    genesisHash,
    blockTimeS: 0.2,
    fromBlock,
    store,
    signerKey: managerKey,
    log,
  })
  const words = contractWords(link, contracts, faces)
  const pool = createRecoveryPool({ threads: 1 })
  pool.setKeys([operation])
  const collector = createCollector({
    store,
    pool,
    quotas: createQuotaControl(slotsPerBilling),
    clock: wallClock,
    chainId,
    monitoring: contracts.monitoring.toLowerCase(),
    outbox: link.outbox,
    abi: faces.monitoring,
    keyOf: async () => operation,
    quotaOf: () => null,
    onAccepted: () => undefined,
    onFaulty: () => undefined,
    onOpened: () => undefined,
    onAlarms: () => undefined,
    onFault,
  })
  const desk = createExcessDesk({
    store,
    outbox: link.outbox,
    abi: faces.quota,
    quota: contracts.quota,
    slotsPerBilling,
    kept: contracts.L,
    quotaOf: (home, period) => words.quotaOf(home, period),
    head: () => link.view().head,
    onWithdrawn: (each) => withdrawn.push(each),
    onLooked: () => undefined,
    onFault,
  })
  link.onOutcome((outcome) => outcomes.push(outcome))
  for (const name of ['monitoring', 'quota'] as const) {
    await link.follow({
      name,
      address: contracts[name],
      apply: async (trx, facts) => {
        await applyFacts(trx, facts, { nowMs: wallClock.nowMs(), sampleMs: contracts.sampleMs })
        store.afterCommit(trx, () => collector.wake())
      },
      revert: revertFacts,
    })
  }
  if (answers) link.onBlock(() => desk.wake())
  return {
    store,
    withdrawn,
    outcomes,
    faults,
    excess: (home, period, resource) =>
      storedExcess(store.db, { home: home.account, period, resource }, link.view().head ?? 0),
    async stop() {
      collector.stop()
      await link.close()
      await desk.idle()
      await collector.idle()
      await pool.close()
      await store.close()
    },
  }
}

/** The part of a home's gateway that sees what is asserted against it, with its page's button. */
export interface DisputingHome {
  readonly store: Store
  readonly excesses: HomeExcesses
  readonly faults: readonly unknown[]
  stop(): Promise<void>
}

/** Opens it on the home's own account. */
export async function openDisputingHome(
  community: SpecCommunity,
  home: SpecHome,
  file: string,
): Promise<DisputingHome> {
  const { contracts, chain } = community
  const { chainId, genesisHash, deployedAtBlock: fromBlock, sampleMs, slotsPerBilling } = contracts
  const store = await openStore({ file })
  const faults: unknown[] = []
  const link = await openChainLink({
    rpc: chain.rpc,
    chainId,
    genesisHash,
    blockTimeS: 0.2,
    fromBlock,
    store,
    signerKey: home.wallet.privateKey,
    log: keepingLog(faults),
    finality: 'depth',
  })
  const excesses = new HomeExcesses({
    store,
    outbox: link.outbox,
    abi: faces.quota,
    quota: contracts.quota,
    home: home.account,
    sampleMs,
    slotsPerBilling,
    blockTimeS: 0.2,
    chain: () => link.view(),
  })
  await link.follow({
    name: 'quota',
    address: contracts.quota,
    apply: async (trx, facts) => {
      for (const fact of facts) await keepExcessEvent(trx, fact, home.account)
      store.afterCommit(trx, () => void excesses.refresh())
    },
    revert: revertExcessEvents,
  })
  await excesses.refresh()
  return {
    store,
    excesses,
    faults,
    async stop() {
      await link.close()
      await store.close()
    },
  }
}
