import { join } from 'node:path'
import { getBytes, Interface, Wallet, ZeroAddress } from 'ethers'
import { keyPair, decodeScalar } from '../../protocols/crypto/group.ts'
import { NEW_HOME } from '../../protocols/rules/home-registers.ts'
import { WHOLE_NETWORK } from '../../protocols/rules/cable.ts'
import { Fault } from '../../protocols/rules/fault.ts'
import { createPeerNode } from '../../protocols/p2p/node.ts'
import { keyOfPeerId } from '../../protocols/p2p/peer-key.ts'
import type { CommunityDescriptor } from '../../protocols/messages/join.ts'
import { applyHomeFacts, revertHomeFacts } from '../../actors/smart-gateway/facts.ts'
import { QUOTA_CHANGES } from '../../actors/quota-exchanges.ts'
import { createAlarmSender, type AlarmSender } from '../../actors/alarm-sender.ts'
import { readMeta } from '../../actors/storage/meta.ts'
import { startCourier } from '../../actors/smart-gateway/courier.ts'
import { keptKeys } from '../../actors/smart-gateway/joining.ts'
import { startSmartGateway } from '../../actors/smart-gateway/live.ts'
import { keepSample, keepSealed, savedHomeState, sealSample } from '../../actors/smart-gateway/readings.ts'
import { claimStore, openStore } from '../../actors/storage/store.ts'
import { monitoringAbi } from '../../chain/bindings/monitoring.gen.ts'
import { quotaAbi } from '../../chain/bindings/quota.gen.ts'
import { servePages } from '../../web/server/serve-pages.ts'
import { systemRandom, wallClock } from '../clock.ts'
import { openChainLink, type ChainLink } from './chain-link.ts'
import { listenOptions } from './listen-options.ts'
import type { HomeConfig } from './configs.ts'
import { pageActions } from './home-actions.ts'
import { openCalibrationBook } from './calibration-book.ts'
import { connectBoards, meterSettings, type HomeBoards } from './home-boards.ts'
import { epochBegan, newestEpoch, published } from './home-epochs.ts'
import { HomeExcesses } from './home-excesses.ts'
import type { HomeGateway } from './home-gateway.ts'
import {
  announced,
  communityKey,
  HomeOpening,
  joinOnce,
  obtainKey,
  publishKey,
  refused,
  remembered,
  type Around,
} from './home-joining.ts'
import { HomePicture } from './home-picture.ts'
import { openHomePower } from './home-power.ts'
import { gatewayLog } from './log.ts'
import { HomeMarket } from './market/home-market.ts'
import { Neighbours, REGISTRY_TOPICS } from './neighbours.ts'
import { keepPort, whereItListened } from './peer-port.ts'
import { loadSecrets } from './secrets.ts'

const monitoringFace = new Interface(monitoringAbi)
const quotaFace = new Interface(quotaAbi)

/** `--batch`: slots wait until so many of them do, or the oldest has waited a sample period longer. */
const gathering = (batch: number, sampleMs: number) =>
  batch === 1 ? {} : { gather: { count: batch, longestMs: (batch + 1) * sampleMs } }

async function openChain(home: HomeOpening, descriptor: CommunityDescriptor): Promise<ChainLink> {
  return openChainLink({
    rpc: home.config.rpc,
    cable: home.network.chain,
    finality: home.config.finality,
    chainId: descriptor.chainId,
    genesisHash: descriptor.genesisHash,
    blockTimeS: descriptor.blockTimeS,
    fromBlock: descriptor.deployedAtBlock,
    store: home.store,
    signerKey: home.wallet.privateKey,
    ...gathering(home.config.batch, descriptor.sampleMs),
    log: home.log,
  })
}

/** The home's own alarms: sealed to itself, one in a call. */
function ownAlarmSender(home: HomeOpening, descriptor: CommunityDescriptor, chain: ChainLink): AlarmSender {
  const { monitoring, chainId } = descriptor
  return createAlarmSender({
    store: home.store,
    outbox: chain.outbox,
    chainId,
    monitoring,
    sender: home.account,
    batch: 1,
    recipientOf: async () => {
      const epoch = Number((await readMeta(home.store.db, 'epoch')) ?? -1)
      const key = home.keys.get(epoch)
      return key === undefined ? null : { epoch, key: key.bytes, delegation: 0 }
    },
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

function homeExcesses(home: HomeOpening, descriptor: CommunityDescriptor, chain: ChainLink): HomeExcesses {
  const { quota, sampleMs, slotsPerBilling, blockTimeS } = descriptor
  return new HomeExcesses({
    store: home.store,
    outbox: chain.outbox,
    abi: quotaFace,
    quota,
    home: home.account,
    sampleMs,
    slotsPerBilling,
    blockTimeS,
    chain: () => chain.view(),
  })
}

async function followContracts(
  home: HomeOpening,
  descriptor: CommunityDescriptor,
  chain: ChainLink,
): Promise<void> {
  const { store, gateway, account } = home
  const own = `0x${account.slice(2).padStart(64, '0')}`
  const neighbours = new Neighbours(home)
  await neighbours.load()
  const general = new Set([
    ...REGISTRY_TOPICS,
    ...['CommunityKeysAnnounced', 'CommunityContractSet', 'AllocationClosed'].map(
      (name) => monitoringFace.getEvent(name)?.topicHash ?? name,
    ),
  ])
  const facts = () => ({
    account,
    community: descriptor.community,
    chainId: descriptor.chainId,
    monitoring: descriptor.monitoring,
    keyOf: (epoch: number) => home.keys.get(epoch) ?? null,
    nowMs: wallClock.nowMs(),
  })
  const apply: Parameters<ChainLink['follow']>[0]['apply'] = async (trx, found) => {
    const told = await applyHomeFacts(trx, found, facts())
    await neighbours.heard(trx, found)
    const quotaChanged = found.some(({ name }) => QUOTA_CHANGES.includes(name))
    store.afterCommit(trx, () => {
      gateway.heard(told, quotaChanged)
      for (const { epoch } of told.keyPublished) published(home, epoch)
      for (const { epoch } of told.epochs) epochBegan(home, epoch)
    })
  }
  const revert: Parameters<ChainLink['follow']>[0]['revert'] = async (trx, from) => {
    await revertHomeFacts(trx, from)
    store.afterCommit(trx, () => gateway.excessesChanged())
  }
  await chain.follow({
    name: 'monitoring',
    address: descriptor.monitoring,
    apply,
    revert,
    // Forty homes look at the same block: most logs are about other homes.
    wants: ({ topics }) => topics[1] === own || general.has(topics[0] ?? ''),
  })
  await chain.follow({ name: 'quota', address: descriptor.quota, apply, revert })
  chain.onState((state) => gateway.chainState(state))
}

/** Connects to the home's boards; frames that come before the home operates are of nobody's concern. */
async function linkBoards({ config, store, gateway }: HomeOpening, sampleMs: number): Promise<HomeBoards> {
  const ids = config.boards.map(({ boardId }) => boardId)
  return connectBoards({
    boards: config.boards,
    sampleMs,
    calibrations: await openCalibrationBook(store, ids),
    onFrame: (received) => {
      if (gateway.actor?.snapshot().matches('operating') === true) gateway.frame(received)
    },
    onNotice: (notice, kind) => gateway.boardNotice(notice, kind),
  })
}

async function attach(home: HomeOpening): Promise<void> {
  if (home.gateway.attached !== null) return
  home.community = await joinOnce(home)
  const { descriptor, gatewayPeerId } = home.community
  const { store, node, config, gateway, account } = home
  node.membership.admit({
    peerKey: keyOfPeerId(gatewayPeerId),
    account: descriptor.community,
    role: 'community',
  })
  if (descriptor.gatewayAddresses.length > 0) node.learnAddresses(gatewayPeerId, descriptor.gatewayAddresses)
  await claimStore(store, {
    role: 'home',
    account,
    chain: String(descriptor.chainId),
    genesis: descriptor.genesisHash,
  })
  for (const [epoch, secret] of await keptKeys(store, account)) {
    home.keys.set(epoch, keyPair(decodeScalar(secret, 'operationKey')))
  }
  const { sampleMs, slotsPerBilling } = descriptor
  const picture = new HomePicture({ clock: wallClock, sampleMs, slotsPerBilling })
  await picture.load(store)
  await gateway.book.refresh(store.db)
  const chain = await openChain(home, descriptor)
  gateway.meter(meterSettings(config, sampleMs), (await savedHomeState(store)) ?? NEW_HOME)
  const boards = await linkBoards(home, sampleMs)
  const power = await openHomePower({
    store,
    sampleMs,
    openRelay: () => boards.relay(false),
    closeRelay: () => boards.relay(true),
    tell: (alarm) => gateway.ownAlarm(alarm),
    onFault: (thrown) => home.log.fault(thrown),
  })
  const alarms = ownAlarmSender(home, descriptor, chain)
  const excesses = homeExcesses(home, descriptor, chain)
  await excesses.refresh()
  const market = marketOf(home, descriptor, chain)
  gateway.attached = {
    descriptor,
    chain,
    picture,
    power,
    boards,
    alarms,
    excesses,
    market,
    delegations: null,
  }
  await followContracts(home, descriptor, chain)
  await market?.open()
  chain.onOutcome(({ id, kind, state, error }) => {
    if (kind === 'demand') gateway.excessesChanged()
    if (kind === 'submit' && state === 'final') gateway.readingsFinal(id)
    if (state !== 'failed' && state !== 'lost') return
    home.log.warn({ id, kind, state, error }, 'a call did not go through')
    if (kind === 'alarms') void alarms.refused()
  })
  chain.onBlock(() => alarms.wake())
  alarms.wake()
  home.courier = startCourier({
    store,
    node,
    gatewayPeerId,
    onAway: () => gateway.communityAway(true),
    onBack: () => gateway.communityAway(false),
  })
}

function marketOf(home: HomeOpening, descriptor: CommunityDescriptor, chain: ChainLink): HomeMarket | null {
  const { token, trading } = descriptor
  if (token === undefined || trading === undefined) return null
  return new HomeMarket({
    store: home.store,
    node: home.node,
    descriptor,
    token,
    trading,
    chain,
    account: home.account,
    saltKey: getBytes(loadSecrets(home.config.dataDir, systemRandom).rootKey),
    log: home.log,
    quota: () => home.gateway.quota(),
    quotaAt: (slot) => home.gateway.quotaAt(slot),
    communityQuota: () => home.gateway.book.newest(),
    timeScale: home.config.timeScale,
    rules: home.config.rules,
    onChange: () => home.gateway.changed(),
  })
}

async function sealReading(home: HomeOpening, slot: number): Promise<number> {
  const { descriptor } = home.attached
  const epoch = Number(await announced(home, 'epoch'))
  const recipientKey = getBytes(await communityKey(home, epoch))
  const place = {
    chainId: descriptor.chainId,
    monitoring: descriptor.monitoring,
    account: home.account,
    epoch,
    recipientKey,
  }
  const data = await sealSample(home.store, home.sealer, place, slot)
  home.sealed.set(slot, data)
  return data.sequence
}

/** What a home is with before it joins: its log, its secrets, its store and its peer. */
async function openParts(config: HomeConfig, { network = WHOLE_NETWORK, say }: Around): Promise<HomeOpening> {
  const log = gatewayLog(config.dataDir, say)
  const secrets = loadSecrets(config.dataDir, systemRandom)
  const wallet = new Wallet(secrets.accountKey)
  const store = await openStore({
    file: join(config.dataDir, 'gateway.sqlite'),
    encryptionKey: getBytes(secrets.storeKey),
  })
  const node = await createPeerNode({
    identitySeed: getBytes(secrets.peerSeed),
    listen: await whereItListened(store, config.listen),
    mdns: config.mdns,
    clock: wallClock,
    random: systemRandom,
    reach: 'community',
    cable: network.peers,
  })
  await node.start()
  await keepPort(store, node)
  const home = new HomeOpening({ config, network, log, wallet, store, node })
  if (say !== undefined) home.watchNode()
  return home
}

/** Opens a home's gateway and lets it join, or go on where it stopped. */
export async function openHome(
  config: HomeConfig,
  around: Around = {},
): Promise<{ gateway: HomeGateway; close: () => Promise<void> }> {
  const home = await openParts(config, around)
  const { gateway, store, log } = home
  const attachOnce = once(() => attach(home))
  if ((await remembered(store)) !== null) await attachOnce()
  gateway.actor = await startSmartGateway({
    store,
    clock: wallClock,
    account: home.account,
    findCommunity: async () => undefined,
    introduce: () => attachOnce().catch((thrown: unknown) => refused(home, thrown, around)),
    exchangeKeys: () => obtainKey(home),
    publishKey: () => publishKey(home),
    keepSample: async (trx, slot) => {
      const sample = gateway.samples.get(slot)
      if (sample === undefined) throw new Fault('impossible', `slot ${slot} completed without its sample`)
      await keepSample(trx, sample)
      store.afterCommit(trx, () => {
        gateway.samples.delete(slot)
        gateway.kept(sample)
      })
    },
    sealReading: (slot) => sealReading(home, slot),
    submitReading: async (trx, slot) => {
      const data = home.sealed.get(slot)
      if (data === undefined) throw new Fault('impossible', `slot ${slot} is submitted before it is sealed`)
      const { chain, descriptor, picture } = home.attached
      await keepSealed(trx, chain.outbox, descriptor.monitoring, data, wallClock.nowMs())
      store.afterCommit(trx, () => {
        home.sealed.delete(slot)
        picture.counts.sealed += 1
      })
    },
    submitted: () => home.courier?.wake(),
    tellPeople: (number) => log.info({ number }, 'an alarm for the people of this home'),
    onFault: (thrown, about) => log.fault(thrown, about),
  })
  // Its people come back with another invite, or a node of the right chain.
  if (gateway.actor.snapshot().matches({ joining: 'refused' })) {
    await gateway.actor.send({ type: 'COMMUNITY_FOUND' })
  }
  home.courier?.wake()
  await newestEpoch(home)
  gateway.pages = await servePages({
    view: () => gateway.view(),
    subscribe: (listener) => gateway.onChange(listener),
    listen: listenOptions(config.page, config.dataDir),
    actions: pageActions(home),
    clock: wallClock,
    random: systemRandom,
    logger: log,
  })
  return { gateway, close: () => closeHome(home) }
}

function once(work: () => Promise<void>): () => Promise<void> {
  let running: Promise<void> | undefined
  return () => (running ??= work())
}

async function closeHome(home: HomeOpening): Promise<void> {
  home.closed = true
  home.unwatchNode()
  const { gateway } = home
  gateway.attached?.boards.stop()
  gateway.attached?.power.stop()
  home.courier?.stop()
  await gateway.pages?.close()
  await gateway.attached?.market?.close()
  await gateway.actor?.stop()
  await home.node.stop()
  await gateway.attached?.chain.close()
  await home.store.close()
}
