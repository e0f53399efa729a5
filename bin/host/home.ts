import { join } from 'node:path'
import { getBytes, Interface, Wallet } from 'ethers'
import { keyPair, decodeScalar } from '../../protocols/crypto/group.ts'
import { NEW_HOME } from '../../protocols/rules/home-registers.ts'
import { WHOLE_NETWORK } from '../../protocols/rules/cable.ts'
import { Fault } from '../../protocols/rules/fault.ts'
import { createPeerNode } from '../../protocols/p2p/node.ts'
import { keyOfPeerId } from '../../protocols/p2p/peer-key.ts'
import type { CommunityDescriptor } from '../../protocols/messages/join.ts'
import { startCourier } from '../../actors/smart-gateway/courier.ts'
import { keptKeys } from '../../actors/smart-gateway/joining.ts'
import { startSmartGateway } from '../../actors/smart-gateway/live.ts'
import { keepSample, keepSealed, savedHomeState } from '../../actors/smart-gateway/readings.ts'
import { claimStore, openStore } from '../../actors/storage/store.ts'
import { archivesBeside } from '../../chain/archive/places.ts'
import { quotaAbi } from '../../chain/bindings/quota.gen.ts'
import { servePages } from '../../web/server/serve-pages.ts'
import { systemRandom, wallClock } from '../clock.ts'
import { openChainLink, type ChainLink } from './chain-link.ts'
import { listenOptions } from './listen-options.ts'
import type { HomeConfig } from './configs.ts'
import { pageActions } from './home-actions.ts'
import { openCalibrationBook } from './calibration-book.ts'
import { connectBoards, meterSettings, type HomeBoards } from './home-boards.ts'
import { newestEpoch, publishedMeanwhile } from './home-epochs.ts'
import { HomeDelegations } from './delegation/home-delegations.ts'
import { followContracts } from './follow-contracts.ts'
import { HomeExcesses } from './home-excesses.ts'
import type { HomeGateway } from './home-gateway.ts'
import {
  currentGrant,
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
import { isMendable, Resealing, sealReading } from './home-sealing.ts'
import { gatewayLog } from './log.ts'
import { HomeMarket } from './market/home-market.ts'
import { ownAlarmSender } from './own-alarm-sender.ts'
import { keepPort, whereItListened } from './peer-port.ts'
import { recorderOf } from './recorder.ts'
import { loadSecrets } from './secrets.ts'
import { openVoting } from './voting.ts'

const quotaFace = new Interface(quotaAbi)

/** `--batch`: slots wait until so many of them do, or the oldest has waited a sample period longer. */
const gathering = (batch: number, sampleMs: number) =>
  batch === 1 ? {} : { gather: { count: batch, longestMs: (batch + 1) * sampleMs } }

async function openChain(home: HomeOpening, descriptor: CommunityDescriptor): Promise<ChainLink> {
  const sealing = new Resealing(home, descriptor)
  return openChainLink({
    rpc: home.config.rpc,
    cable: home.network.chain,
    finality: home.config.finality,
    chainId: descriptor.chainId,
    genesisHash: descriptor.genesisHash,
    continuation: { community: descriptor.community, archives: archivesBeside(home.config.dataDir) },
    blockTimeS: descriptor.blockTimeS,
    fromBlock: descriptor.deployedAtBlock,
    store: home.store,
    signerKey: home.wallet.privateKey,
    ...gathering(home.config.batch, descriptor.sampleMs),
    mending: {
      refresh: (waiting) => sealing.refresh(waiting),
      singly: () => sealing.isSingly(),
      mendable: isMendable,
    },
    log: home.log,
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

/** Connects to the home's boards; frames that come before the home operates are of nobody's concern. */
async function linkBoards({ config, store, gateway }: HomeOpening, sampleMs: number): Promise<HomeBoards> {
  const ids = config.boards.map(({ boardId }) => boardId)
  return connectBoards({
    boards: config.boards,
    sampleMs,
    calibrations: await openCalibrationBook(store, ids),
    inspector: store.inspector,
    onFrame: (received) => {
      if (gateway.isMetering && gateway.hasJoined()) gateway.frame(received)
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
  const picture = new HomePicture({ clock: wallClock, sampleMs, slotsPerBilling, account })
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
  const delegations = delegationsOf(home, descriptor, chain, gatewayPeerId)
  await delegations?.load()
  const parts = { descriptor, chain, picture, power, boards }
  gateway.attached = { ...parts, alarms, excesses, market, delegations }
  await followContracts(home, descriptor, chain)
  await market?.open()
  await delegations?.open()
  home.voting = await openVoting({ config, node, store, log: home.log, chain }, descriptor, {
    onAlarm: ({ code, message, facts }) => home.log.warn({ code, ...facts }, message),
    onChange: () => gateway.changed(),
  })
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

function delegationsOf(
  home: HomeOpening,
  descriptor: CommunityDescriptor,
  chain: ChainLink,
  gatewayPeerId: string,
): HomeDelegations | null {
  const { token } = descriptor
  if (token === undefined) return null
  return new HomeDelegations({
    store: home.store,
    node: home.node,
    descriptor,
    token,
    chain,
    account: home.account,
    signer: home.wallet,
    gatewayPeerId,
    exchangeKey: (delegation) => currentGrant(home, delegation),
    accepts: home.config.delegationsAccepted,
    hasRelay: home.config.boards.some(({ kind }) => kind === 'power'),
    log: home.log,
    onChange: () => home.gateway.changed(),
  })
}

/** What a home is with before it joins: its log, its secrets, its store and its peer. */
async function openParts(config: HomeConfig, { network = WHOLE_NETWORK, say }: Around): Promise<HomeOpening> {
  const log = gatewayLog(config.dataDir, say)
  const secrets = loadSecrets(config.dataDir, systemRandom)
  const wallet = new Wallet(secrets.accountKey)
  const target = { file: join(config.dataDir, 'gateway.sqlite'), encryptionKey: getBytes(secrets.storeKey) }
  const store = await openStore(target, recorderOf(config.name, config.recordFile, log))
  const node = await createPeerNode({
    identitySeed: getBytes(secrets.peerSeed),
    listen: await whereItListened(store, config.listen),
    mdns: config.mdns,
    clock: wallClock,
    random: systemRandom,
    // Signers hear each other's votes also while the community gateway is away.
    reach: config.signers.length > 0 ? 'members' : 'community',
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
  const actor = await startSmartGateway({
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
  gateway.began(actor)
  // Its people come back with another invite, or a node of the right chain.
  if (actor.snapshot().matches({ joining: 'refused' })) await actor.send({ type: 'COMMUNITY_FOUND' })
  home.courier?.wake()
  await newestEpoch(home)
  await publishedMeanwhile(home)
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
  await gateway.attached?.delegations?.close()
  await gateway.actor?.stop()
  await home.voting?.stop()
  await home.node.stop()
  await gateway.attached?.chain.close()
  await home.store.close()
}
