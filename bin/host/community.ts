import { join } from 'node:path'
import { getBytes, hexlify, Interface, Wallet } from 'ethers'
import { createAlarmSender } from '../../actors/alarm-sender.ts'
import { createAllocator, createQuotaBook } from '../../actors/community-gateway/allocation.ts'
import { createCollector } from '../../actors/community-gateway/collector.ts'
import { createExtendedDesk } from '../../actors/community-gateway/extended-desk.ts'
import { openKeyring, type Keyring } from '../../actors/community-gateway/keyring.ts'
import { founded, startCommunityGateway, type CommunityActor } from '../../actors/community-gateway/live.ts'
import {
  createMembershipDesk,
  issueKey,
  keyRequestSigner,
} from '../../actors/community-gateway/membership.ts'
import { createOpeningKeys } from '../../actors/community-gateway/opening-keys.ts'
import { createQuotaControl } from '../../actors/community-gateway/quota-control.ts'
import { createRecoveryPool } from '../../actors/community-gateway/recovery/pool.ts'
import { claimStore, openStore, type Store } from '../../actors/storage/store.ts'
import { archivesBeside, exportsBeside } from '../../chain/archive/places.ts'
import { monitoringAbi } from '../../chain/bindings/monitoring.gen.ts'
import { quotaAbi } from '../../chain/bindings/quota.gen.ts'
import type { Contracts } from '../../chain/contracts-file.ts'
import { auctionSettings } from '../../chain/trading-settings.ts'
import { decodeReport } from '../../hardware/board/frame.ts'
import type { CommunityDescriptor } from '../../protocols/messages/join.ts'
import { serveDelegationDesk } from '../../protocols/p2p/delegation-desk.ts'
import { serveExtended } from '../../protocols/p2p/extended.ts'
import { serveJoin } from '../../protocols/p2p/join-server.ts'
import { serveKeys } from '../../protocols/p2p/keys.ts'
import { createPeerNode, type PeerNode } from '../../protocols/p2p/node.ts'
import { serveWhereabouts } from '../../protocols/p2p/whereabouts.ts'
import { WHOLE_NETWORK, type Network } from '../../protocols/rules/cable.ts'
import { periodOf } from '../../protocols/rules/units.ts'
import { systemRandom, wallClock } from '../clock.ts'
import { openAnchorDesk } from './anchor-desk.ts'
import { openChainLink, type ChainLink } from './chain-link.ts'
import { createCommissioning } from './commissioning.ts'
import { CommunityGateway } from './community-gateway.ts'
import { alarmReader, openDelegationDesk } from './community-delegation.ts'
import { openExcessDesk } from './community-excess.ts'
import { Epochs } from './epochs.ts'
import { CommunityPicture } from './community-picture.ts'
import type { CommunityConfig } from './configs.ts'
import { contractWords, type ContractWords } from './contract-words.ts'
import { foundOrReturn } from './founding.ts'
import { openInvites, type Invites } from './invites.ts'
import { openCommunityMarket } from './market/open-community-market.ts'
import { passOffersOn } from './market/home-offers.ts'
import { gatewayLog, type GatewayLog } from './log.ts'
import { keepPort, whereItListened } from './peer-port.ts'
import { recorderOf } from './recorder.ts'
import { loadSecrets, type GatewaySecrets } from './secrets.ts'
import { openVoting } from './voting.ts'

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
  readonly words: ContractWords
}

/** What a gateway has around it: its network, and who hears what it says. */
interface Around {
  readonly network?: Network
  readonly say?: (line: string) => void
}

async function layGround(config: CommunityConfig, { network = WHOLE_NETWORK, say }: Around): Promise<Ground> {
  const log = gatewayLog(config.dataDir, say)
  const secrets = loadSecrets(config.dataDir, systemRandom, config.managerKey ?? undefined)
  const wallet = new Wallet(secrets.accountKey)
  const contracts = await foundOrReturn(deploymentOf(config, secrets), network.chain, log)
  const target =
    config.databaseUrl === null
      ? { file: join(config.dataDir, 'gateway.sqlite') }
      : { url: config.databaseUrl }
  const store = await openStore(target, recorderOf('community', config.recordFile, log))
  const account = wallet.address.toLowerCase()
  const { chainId, genesisHash } = contracts
  await claimStore(store, { role: 'community', account, chain: String(chainId), genesis: genesisHash })
  const keyring = await openKeyring(
    { store, account, chainId, monitoring: contracts.monitoring, random: systemRandom },
    getBytes(secrets.rootKey),
  )
  const chain = await openChainLink({
    rpc: config.rpc,
    cable: network.chain,
    finality: config.finality,
    chainId,
    genesisHash,
    continuation: { community: contracts.community, archives: archivesBeside(config.dataDir) },
    blockTimeS: config.blockTimeS,
    fromBlock: contracts.deployedAtBlock,
    store,
    signerKey: secrets.accountKey,
    log,
  })
  const node = await createPeerNode({
    identitySeed: getBytes(secrets.peerSeed),
    listen: await whereItListened(store, config.listen),
    mdns: config.mdns,
    clock: wallClock,
    random: systemRandom,
    reach: 'members',
    cable: network.peers,
  })
  const words = contractWords(chain, contracts, { monitoring: monitoringFace, quota: quotaFace })
  return { config, log, secrets, wallet, contracts, store, keyring, chain, node, words }
}

const deploymentOf = (config: CommunityConfig, secrets: GatewaySecrets) => ({
  rpc: config.rpc,
  managerKey: secrets.accountKey,
  profile: config.profile,
  L: config.ringLength,
  sampleMs: config.sampleMs,
  slotsPerBilling: config.slotsPerBilling,
  windowBlocks: config.challengeBlocks,
  auctions: auctionSettings(config.blockTimeS, config.sampleMs * config.slotsPerBilling),
  file: join(config.dataDir, 'contracts.json'),
  archives: archivesBeside(config.dataDir),
})

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
  token: contracts.token.toLowerCase(),
  trading: contracts.trading.toLowerCase(),
  community: contracts.community.toLowerCase(),
  communityPeerKey: node.peerKey,
  sampleMs: contracts.sampleMs,
  slotsPerBilling: contracts.slotsPerBilling,
  length: contracts.L,
  blockTimeS: config.blockTimeS,
  gatewayAddresses: node.addresses().slice(0, 8),
})

const anchorDesk = ({ config, store, chain, contracts, log }: Ground): (() => void) =>
  openAnchorDesk({
    store,
    outbox: chain.outbox,
    archives: archivesBeside(config.dataDir),
    exports: exportsBeside(config.dataDir),
    archive: contracts.archive,
    origin: contracts.genesisHash,
    onFault: (thrown) => log.fault(thrown, 'anchoring an archive'),
  })

/** What the parts tell each other once all of them exist. */
interface Hooks {
  gateway?: CommunityGateway
  actor?: CommunityActor
}

type Tell = (event: Parameters<CommunityActor['send']>[0]) => void

/** The parts that open, check and count what homes send. */
function countingParts(ground: Ground, hooks: Hooks, tell: Tell) {
  const { store, contracts, keyring, log, config } = ground
  const { sampleMs, slotsPerBilling, chainId } = contracts
  const monitoring = contracts.monitoring.toLowerCase()
  const book = createQuotaBook()
  const quotas = createQuotaControl(slotsPerBilling)
  const pool = createRecoveryPool({ threads: 1 })
  const opening = createOpeningKeys({ store, keyring, pool })
  const { timeScale } = config
  const commissioning = createCommissioning({
    store,
    clock: wallClock,
    random: systemRandom,
    sampleMs,
    timeScale,
  })
  const collector = createCollector({
    store,
    pool,
    quotas,
    clock: wallClock,
    chainId,
    monitoring,
    outbox: ground.chain.outbox,
    abi: monitoringFace,
    keyOf: (record) => opening.keyOf(record),
    quotaOf: (home, slot) => book.quotaOf(home, periodOf(slot, slotsPerBilling), slot),
    onAccepted: (reading) => hooks.gateway?.accepted(reading),
    onFaulty: (home, slot, code) => log.warn({ home, slot, code }, 'a reading could not be used'),
    onOpened: (accepted, faulty) => tell({ type: 'READINGS_OPENED', accepted, faulty }),
    onAlarms: (count) => tell({ type: 'ALARMS_DRAFTED', count }),
    onFault: (thrown) => log.fault(thrown),
  })
  const extended = createExtendedDesk({
    store,
    pool,
    bindingOf: ({ home, slot, epoch, delegation }) => {
      return { chainId, monitoring, sender: home, epoch, slot, delegation }
    },
    recipientOf: async (record) => (await opening.keyOf(record))?.id ?? null,
    settingsOf: (home) => commissioning.settingsOf(home),
    recordKeyOf: (boardId) => commissioning.recordKeyOf(boardId),
    decodeReport,
    onMismatch: (home, slot, code) => hooks.gateway?.mismatch(home, slot, code),
    nowMs: () => wallClock.nowMs(),
  })
  const contract = config.contract
  const picture = new CommunityPicture({
    store,
    clock: wallClock,
    sampleMs,
    slotsPerBilling,
    quotas,
    book,
    contract,
    finalBlock: () => ground.chain.view().final,
  })
  return { book, quotas, pool, opening, commissioning, collector, extended, picture }
}

const ALARMS_IN_A_CALL = 16

/** The parts that put things on the chain. */
function sendingParts(ground: Ground, hooks: Hooks, tell: Tell) {
  const { store, contracts, chain, log, config, words } = ground
  const { sampleMs, slotsPerBilling, chainId } = contracts
  const monitoring = contracts.monitoring.toLowerCase()
  const onFault = (thrown: unknown): void => log.fault(thrown)
  const shared = { store, outbox: chain.outbox, onFault }
  const desk = createMembershipDesk({
    ...shared,
    abi: monitoringFace,
    monitoring,
    clock: wallClock,
    ask: (account, peerKey) => tell({ type: 'JOIN_ASKED', account, peerKey }),
  })
  const alarms = createAlarmSender({
    ...shared,
    chainId,
    monitoring,
    sender: contracts.community.toLowerCase(),
    batch: ALARMS_IN_A_CALL,
    recipientOf: (home) => alarmReader(ground, home),
    nextNumber: () => words.nextAlarm(),
    encode: (first, sealed) => {
      const homes = sealed.map(({ home }) => home)
      const recipients = sealed.map(({ recipient }) => recipient)
      const envelopes = sealed.map(({ envelope }) => hexlify(envelope))
      return monitoringFace.encodeFunctionData('raiseAlarms', [first, homes, recipients, envelopes])
    },
  })
  const allocator = createAllocator({
    ...shared,
    abi: quotaFace,
    quota: contracts.quota,
    contract: config.contract,
    clock: wallClock,
    sampleMs,
    slotsPerBilling,
    revisions: () => words.revisions(),
    earliestPeriod: () => words.earliestPeriod(),
  })
  const excesses = openExcessDesk({
    ...ground,
    quotaFace,
    tell,
    onWithdrawn: (withdrawn) => hooks.gateway?.withdrawn(withdrawn),
  })
  return { desk, alarms, allocator, excesses, delegations: openDelegationDesk(ground) }
}

/** Keys and extended data for members; joining comes last, when a decision can be made. */
async function servePeers(ground: Ground, gateway: CommunityGateway, parts: ServedParts): Promise<void> {
  const { contracts, keyring, node, wallet } = ground
  const domain = { chainId: contracts.chainId, monitoring: contracts.monitoring }
  await serveKeys(node, {
    signerOf: (request) => keyRequestSigner(request, domain),
    issue: async (request) => {
      const epoch = (await ground.words.currentEpoch()) ?? 0
      return issueKey(request, keyring, wallet, { ...domain, epoch, store: ground.store })
    },
  })
  await serveExtended(node, parts.extended)
  await serveWhereabouts(node)
  await serveDelegationDesk(node, (request, account) => parts.delegations.answer(request, account))
  const actor = await startMachine(ground, gateway, parts)
  gateway.actor = actor
  parts.hooks.actor = actor
  await serveJoin(node, {
    descriptor: () => descriptorOf(ground),
    community: wallet,
    invites: parts.invites.book,
    onJoin: async (candidate) => {
      const invited = parts.invites.invitedBy(candidate.inviteId)
      await parts.commissioning.bind(invited.name, candidate.account)
      await founded(actor)
      return parts.desk.decide(candidate, invited)
    },
  })
}

type ServedParts = ReturnType<typeof countingParts> &
  ReturnType<typeof sendingParts> & {
    readonly invites: Invites
    readonly hooks: Hooks
    readonly epochs: Epochs
  }

function startMachine(
  ground: Ground,
  gateway: CommunityGateway,
  parts: ServedParts,
): Promise<CommunityActor> {
  const { store, wallet, log } = ground
  return startCommunityGateway({
    store,
    clock: wallClock,
    account: wallet.address.toLowerCase(),
    // The contracts are there before anything else of the gateway is: see `layGround`.
    deployOrAttach: async () => undefined,
    announceKeys: () => parts.epochs.found(),
    beginEpoch: (epoch) => parts.epochs.begin(epoch),
    admit: (account, peerKey) => parts.desk.admit(account, peerKey),
    allocateQuotas: () => parts.allocator.wake(),
    openRecords: () => parts.collector.wake(),
    closePeriod: (period) => gateway.closePeriod(period),
    lookAtExcesses: () => parts.excesses.wake(),
    publishAlarms: () => parts.alarms.wake(),
    warnOperator: (code) => gateway.warn(code),
    onFault: (thrown, about) => log.fault(thrown, about),
  })
}

/**
 * Founds or reopens a community and serves it. Throws a fault of one line when something it needs is missing.
 */
export async function openCommunity(config: CommunityConfig, around: Around = {}): Promise<CommunityGateway> {
  const ground = await layGround(config, around)
  const { store, node, log } = ground
  const hooks: Hooks = {}
  const onFault = (thrown: unknown): void => log.fault(thrown)
  const tell: Tell = (event) => {
    hooks.actor?.send(event).catch(onFault)
  }
  const counting = countingParts(ground, hooks, tell)
  const sending = sendingParts(ground, hooks, tell)
  const invites = await openInvites({ store, clock: wallClock, random: systemRandom, onFault }, () => node)
  const market = openCommunityMarket({ ...ground, quotaFace }, () => hooks.gateway?.changed())
  const epochs = new Epochs({
    ...{ ...ground, dataDir: config.dataDir, opening: counting.opening, face: monitoringFace, tell },
    monitoring: ground.contracts.monitoring,
    sampleMs: ground.contracts.sampleMs,
    epochMs: config.epochMs,
    keepMs: config.epochKeepMs,
    nowMs: () => wallClock.nowMs(),
    random: systemRandom,
  })
  const closeAnchors = anchorDesk(ground)
  const parts = { ...ground, ...counting, ...sending, invites, market, epochs, closeAnchors }
  const gateway = new CommunityGateway({ ...parts, monitoringFace, tell })
  hooks.gateway = gateway
  await counting.book.refresh(store.db)
  await counting.opening.useKept()
  await gateway.follow()
  await node.start()
  await keepPort(store, node)
  gateway.voting = await openVoting(ground, descriptorOf(ground), {
    onAlarm: (alarm) => gateway.chainAlarm(alarm),
    onChange: () => gateway.changed(),
  })
  passOffersOn(node, descriptorOf(ground))
  await servePeers(ground, gateway, { ...counting, ...sending, invites, hooks, epochs })
  await gateway.start()
  return gateway
}
