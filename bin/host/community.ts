import { join } from 'node:path'
import { getBytes, Interface, Wallet } from 'ethers'
import { createAlarmSender } from '../../actors/community-gateway/alarm-sender.ts'
import { createAllocator, createQuotaBook } from '../../actors/community-gateway/allocation.ts'
import { createCollector } from '../../actors/community-gateway/collector.ts'
import { createExtendedDesk } from '../../actors/community-gateway/extended-desk.ts'
import { openKeyring, type Keyring } from '../../actors/community-gateway/keyring.ts'
import { startCommunityGateway, type CommunityActor } from '../../actors/community-gateway/live.ts'
import {
  createMembershipDesk,
  issueKey,
  keyRequestSigner,
} from '../../actors/community-gateway/membership.ts'
import { createQuotaControl } from '../../actors/community-gateway/quota-control.ts'
import { createRecoveryPool } from '../../actors/community-gateway/recovery/pool.ts'
import { claimStore, openStore, type Store } from '../../actors/storage/store.ts'
import { monitoringAbi } from '../../chain/bindings/monitoring.gen.ts'
import { quotaAbi } from '../../chain/bindings/quota.gen.ts'
import type { Contracts } from '../../chain/contracts-file.ts'
import { deployCommunity } from '../../chain/deploy.ts'
import { decodeReport } from '../../hardware/board/frame.ts'
import type { CommunityDescriptor } from '../../protocols/messages/join.ts'
import { serveExtended } from '../../protocols/p2p/extended.ts'
import { serveJoin } from '../../protocols/p2p/join-server.ts'
import { serveKeys } from '../../protocols/p2p/keys.ts'
import { createPeerNode, type PeerNode } from '../../protocols/p2p/node.ts'
import { periodOf } from '../../protocols/rules/units.ts'
import { systemRandom, wallClock } from '../clock.ts'
import { openChainLink, type ChainLink } from './chain-link.ts'
import { createCommissioning } from './commissioning.ts'
import { CommunityGateway } from './community-gateway.ts'
import { CommunityPicture } from './community-picture.ts'
import type { CommunityConfig } from './configs.ts'
import { openInvites } from './invites.ts'
import { gatewayLog, type GatewayLog } from './log.ts'
import { loadSecrets, type GatewaySecrets } from './secrets.ts'

const monitoringFace = new Interface(monitoringAbi)
const quotaFace = new Interface(quotaAbi)

/** What every part of the community gateway is built from. */
interface Ground {
  readonly config: CommunityConfig
  readonly log: GatewayLog
  readonly secrets: GatewaySecrets
  readonly wallet: Wallet
  readonly contracts: Contracts
  readonly store: Store
  readonly keyring: Keyring
  readonly chain: ChainLink
  readonly node: PeerNode
}

/** Wide enough a wait between two tries of a call that waits for the chain. */
const EPOCH_POLL_MS = 300

async function layGround(config: CommunityConfig): Promise<Ground> {
  const log = gatewayLog(config.dataDir)
  const secrets = loadSecrets(config.dataDir, systemRandom, config.managerKey ?? undefined)
  const wallet = new Wallet(secrets.accountKey)
  const contracts = await deployCommunity({
    rpc: config.rpc,
    managerKey: secrets.accountKey,
    profile: config.profile,
    L: config.ringLength,
    sampleMs: config.sampleMs,
    slotsPerBilling: config.slotsPerBilling,
    windowBlocks: config.challengeBlocks,
    file: join(config.dataDir, 'contracts.json'),
  })
  const target =
    config.databaseUrl === null
      ? { file: join(config.dataDir, 'gateway.sqlite') }
      : { url: config.databaseUrl }
  const store = await openStore(target)
  const account = wallet.address.toLowerCase()
  const { chainId, genesisHash } = contracts
  await claimStore(store, { role: 'community', account, chain: String(chainId), genesis: genesisHash })
  const keyring = await openKeyring(
    { store, account, chainId, monitoring: contracts.monitoring, random: systemRandom },
    getBytes(secrets.rootKey),
  )
  const chain = await openChainLink({
    rpc: config.rpc,
    chainId,
    genesisHash,
    blockTimeS: config.blockTimeS,
    fromBlock: contracts.deployedAtBlock,
    store,
    signerKey: secrets.accountKey,
    log,
  })
  const node = await createPeerNode({
    identitySeed: getBytes(secrets.peerSeed),
    listen: config.listen,
    mdns: config.mdns,
    clock: wallClock,
    random: systemRandom,
    reach: 'members',
  })
  return { config, log, secrets, wallet, contracts, store, keyring, chain, node }
}

const descriptorOf = ({ config, contracts, node }: Ground): CommunityDescriptor => ({
  version: 1,
  communityName: config.name,
  chainId: contracts.chainId,
  genesisHash: contracts.genesisHash,
  deployedAtBlock: contracts.deployedAtBlock,
  rpc: [],
  profile: contracts.profile,
  access: contracts.access.toLowerCase(),
  monitoring: contracts.monitoring.toLowerCase(),
  quota: contracts.quota.toLowerCase(),
  community: contracts.community.toLowerCase(),
  communityPeerKey: node.peerKey,
  sampleMs: contracts.sampleMs,
  slotsPerBilling: contracts.slotsPerBilling,
  length: contracts.L,
  blockTimeS: config.blockTimeS,
  gatewayAddresses: node.addresses().slice(0, 8),
})

async function currentEpoch({ chain, contracts }: Ground): Promise<number | null> {
  const data = await chain.read(contracts.monitoring, monitoringFace.encodeFunctionData('currentEpoch'))
  const epoch = Number(monitoringFace.decodeFunctionResult('currentEpoch', data)[0])
  const keys = await chain.read(
    contracts.monitoring,
    monitoringFace.encodeFunctionData('communityKeys', [epoch]),
  )
  const [key] = monitoringFace.decodeFunctionResult('communityKeys', keys)
  return key === '0x' ? null : epoch
}

async function announceKeys(ground: Ground): Promise<number> {
  const known = await currentEpoch(ground)
  if (known !== null) return known
  const { operation, delegationBase } = await ground.keyring.keysOf(0)
  const data = monitoringFace.encodeFunctionData('announceKeys', [0, operation.bytes, delegationBase.bytes])
  await ground.store.transaction(async (trx) => {
    await ground.chain.outbox.enqueue(trx, {
      id: 'announce:0',
      kind: 'announce',
      to: ground.contracts.monitoring,
      data,
    })
  })
  for (;;) {
    const epoch = await currentEpoch(ground)
    if (epoch !== null) return epoch
    await new Promise((resolve) => setTimeout(resolve, EPOCH_POLL_MS))
  }
}

async function nextAlarmNumber({ chain, contracts }: Ground): Promise<number> {
  const data = await chain.read(contracts.monitoring, monitoringFace.encodeFunctionData('nextAlarm'))
  return Number(monitoringFace.decodeFunctionResult('nextAlarm', data)[0])
}

async function revisionsOf({ chain, contracts }: Ground): Promise<number> {
  const data = await chain.read(contracts.quota, quotaFace.encodeFunctionData('revisions'))
  return Number(quotaFace.decodeFunctionResult('revisions', data)[0])
}

/** Founds or reopens a community and serves it. Throws a fault of one line when something it needs is missing. */
export async function openCommunity(config: CommunityConfig): Promise<CommunityGateway> {
  const ground = await layGround(config)
  const { store, chain, contracts, keyring, node, log } = ground
  const { sampleMs, slotsPerBilling, chainId } = contracts
  const monitoring = contracts.monitoring.toLowerCase()
  const onFault = (thrown: unknown): void => log.fault(thrown)
  const book = createQuotaBook()
  await book.refresh(store.db)
  const quotas = createQuotaControl(slotsPerBilling)
  const pool = createRecoveryPool({ threads: 1 })
  const recipientOf = async (row: { epoch: number }): Promise<string | null> => {
    const keys = await keyring.keysOf(row.epoch).catch(() => null)
    return keys?.operation.id ?? null
  }
  const quotaOf = (home: string, slot: number) => book.quotaOf(home, periodOf(slot, slotsPerBilling))
  const picture = new CommunityPicture({
    store,
    clock: wallClock,
    sampleMs,
    slotsPerBilling,
    quotas,
    book,
    contract: config.contract,
  })
  const commissioning = createCommissioning({
    store,
    clock: wallClock,
    random: systemRandom,
    sampleMs,
    timeScale: config.timeScale,
  })
  const invites = await openInvites({ store, clock: wallClock, random: systemRandom, onFault }, () => node)
  const box: { gateway?: CommunityGateway; actor?: CommunityActor } = {}
  const tell = (event: Parameters<CommunityActor['send']>[0]): void => {
    box.actor?.send(event).catch(onFault)
  }
  const desk = createMembershipDesk({
    store,
    outbox: chain.outbox,
    abi: monitoringFace,
    monitoring,
    clock: wallClock,
    ask: (account, peerKey) => tell({ type: 'JOIN_ASKED', account, peerKey }),
  })
  const collector = createCollector({
    store,
    pool,
    quotas,
    clock: wallClock,
    chainId,
    monitoring,
    recipientOf,
    quotaOf,
    onAccepted: (reading) => box.gateway?.accepted(reading),
    onFaulty: (home, slot, code) => log.warn({ home, slot, code }, 'a reading could not be used'),
    onOpened: (accepted, faulty) => tell({ type: 'READINGS_OPENED', accepted, faulty }),
    onAlarms: (count) => tell({ type: 'ALARMS_DRAFTED', count }),
    onFault,
  })
  const alarms = createAlarmSender({
    store,
    outbox: chain.outbox,
    abi: monitoringFace,
    chainId,
    monitoring,
    community: contracts.community.toLowerCase(),
    nextNumber: () => nextAlarmNumber(ground),
    onFault,
  })
  const allocator = createAllocator({
    store,
    outbox: chain.outbox,
    abi: quotaFace,
    quota: contracts.quota,
    contract: config.contract,
    clock: wallClock,
    sampleMs,
    slotsPerBilling,
    revisions: () => revisionsOf(ground),
    onFault,
  })
  const extended = createExtendedDesk({
    store,
    pool,
    bindingOf: ({ home, slot, epoch, delegation }) => ({
      chainId,
      monitoring,
      sender: home,
      epoch,
      slot,
      delegation,
    }),
    recipientOf,
    settingsOf: (home) => commissioning.settingsOf(home),
    recordKeyOf: (boardId) => commissioning.recordKeyOf(boardId),
    decodeReport,
    onMismatch: (home, slot, code) => box.gateway?.mismatch(home, slot, code),
    nowMs: () => wallClock.nowMs(),
  })
  const gateway = new CommunityGateway({
    config,
    contracts,
    store,
    chain,
    node,
    book,
    quotas,
    collector,
    alarms,
    allocator,
    desk,
    extended,
    picture,
    invites,
    commissioning,
    pool,
    faces: { monitoring: monitoringFace, quota: quotaFace },
    log,
    tell,
  })
  box.gateway = gateway
  const { operation } = await keyring.keysOf(0)
  pool.setKeys([operation])
  await gateway.follow()
  await node.start()
  const domain = { chainId, monitoring: contracts.monitoring }
  await serveKeys(node, {
    signerOf: (request) => keyRequestSigner(request, domain),
    issue: async (request) =>
      issueKey(request, keyring, ground.wallet, { ...domain, epoch: (await currentEpoch(ground)) ?? 0 }),
  })
  await serveExtended(node, extended)
  box.actor = await startCommunityGateway({
    store,
    clock: wallClock,
    account: ground.wallet.address.toLowerCase(),
    deployOrAttach: async () => undefined,
    announceKeys: () => announceKeys(ground),
    admit: (account, peerKey) => desk.admit(account, peerKey),
    allocateQuotas: () => allocator.wake(),
    openRecords: () => collector.wake(),
    closePeriod: (period) => gateway.closePeriod(period),
    publishAlarms: () => alarms.wake(),
    warnOperator: (code) => gateway.warn(code),
    onFault: (thrown, about) => log.fault(thrown, about),
  })
  gateway.actor = box.actor
  await serveJoin(node, {
    descriptor: () => descriptorOf(ground),
    community: ground.wallet,
    invites: invites.book,
    onJoin: async (candidate) => {
      const invited = invites.invitedBy(candidate.inviteId)
      await commissioning.bind(invited.name, candidate.account)
      return desk.decide(candidate, invited)
    },
  })
  await gateway.start()
  return gateway
}
