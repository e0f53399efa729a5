import { concat, getBytes, Interface } from 'ethers'
import { applyMarketFacts, revertMarketFacts } from '../../actors/auction/book.ts'
import { applyFacts, revertFacts } from '../../actors/community-gateway/facts.ts'
import { openStore, type Store } from '../../actors/storage/store.ts'
import type { MarketLab } from '../../bench/market-lab.ts'
import { wallClock } from '../../bin/clock.ts'
import { openChainLink, type ChainLink } from '../../bin/host/chain-link.ts'
import { openDeliveryDesk, openExcessDesk } from '../../bin/host/community-excess.ts'
import { contractWords } from '../../bin/host/contract-words.ts'
import { monitoringAbi } from '../../chain/bindings/monitoring.gen.ts'
import { quotaAbi } from '../../chain/bindings/quota.gen.ts'
import { tradingAbi } from '../../chain/bindings/trading.gen.ts'
import { encodeScalar } from '../../protocols/crypto/group.ts'
import type { Metered } from '../chain/contracts/metered.ts'
import { keepingLog } from '../machines/disputes.ts'

const faces = {
  monitoring: new Interface(monitoringAbi),
  quota: new Interface(quotaAbi),
  trading: new Interface(tradingAbi),
}

/** Readings that the gateway has opened, by home. */
export type Opened = readonly (readonly [home: string, reading: Metered])[]

/** The part of a community gateway that states and shows what was delivered, on a market's chain. */
export interface DeliveryGateway {
  readonly store: Store
  readonly faults: readonly unknown[]
  /** The calls that it asked for, by their names. */
  readonly calls: () => Promise<string[]>
  stop(): Promise<void>
}

/** Opens it on a file; with `acts` false it reads the chain and does nothing itself. */
export async function openDeliveryGateway(
  { lab }: MarketLab,
  file: string,
  opened: Opened,
  acts = true,
): Promise<DeliveryGateway> {
  const { contracts, chain: node, manager } = lab
  const { chainId, genesisHash, deployedAtBlock: fromBlock } = contracts
  const store = await openStore({ file })
  const faults: unknown[] = []
  const log = keepingLog(faults)
  const chain = await openChainLink({
    rpc: node.rpc,
    finality: 'depth',
    chainId,
    genesisHash,
    blockTimeS: 1,
    fromBlock,
    store,
    signerKey: manager.privateKey,
    log,
  })
  const words = contractWords(chain, contracts, faces)
  const needs = { store, chain, contracts, words, quotaFace: faces.quota, log }
  const deliveries = openDeliveryDesk({ ...needs, tradingFace: faces.trading })
  const excesses = openExcessDesk({ ...needs, tell: () => undefined, onWithdrawn: () => undefined })
  for (const name of ['monitoring', 'quota'] as const) {
    await chain.follow({
      name,
      address: contracts[name],
      apply: async (trx, facts) => {
        await applyFacts(trx, facts, { nowMs: wallClock.nowMs(), sampleMs: contracts.sampleMs })
      },
      revert: revertFacts,
    })
  }
  await chain.follow({
    name: 'trading',
    address: contracts.trading,
    apply: applyMarketFacts,
    revert: revertMarketFacts,
  })
  for (const [home, reading] of opened) await keepOpened(store, home, reading)
  if (acts) onEachBlock(chain, [excesses, deliveries])
  return {
    store,
    faults,
    calls: async () => {
      const rows = await store.db.selectFrom('intent').select('kind').orderBy('position').execute()
      return rows.map(({ kind }) => kind)
    },
    async stop() {
      await chain.close()
      await excesses.idle()
      await deliveries.idle()
      await store.close()
    },
  }
}

function onEachBlock(chain: ChainLink, desks: readonly { wake(): void }[]): void {
  chain.onBlock(() => {
    for (const desk of desks) desk.wake()
  })
}

/** As the collector keeps a reading that it has opened. */
async function keepOpened(store: Store, home: string, { record, values, blindings }: Metered): Promise<void> {
  const [importWh, exportWh, waterMl, peakW] = values.map(Number)
  await store.transaction(async (trx) => {
    await trx
      .insertInto('reading')
      .values({
        home,
        slot: record.slot,
        t: 0,
        sequence: record.sequence,
        flags: 0,
        import_wh: importWh ?? 0,
        export_wh: exportWh ?? 0,
        water_ml: waterMl ?? 0,
        mean_power_w: 0,
        peak_power_w: peakW ?? 0,
        blindings: getBytes(concat(blindings.map(encodeScalar))),
        fault: null,
        accepted_at_ms: 0,
        block: 0,
      })
      .onConflict((conflict) => conflict.doNothing())
      .execute()
  })
}
