import { join } from 'node:path'
import { demoRules, type ExpectedUse } from './demo-rules.ts'
import type { RunChain } from './chain.ts'
import type { StartOptions } from './options.ts'
import type { FinalityKind } from '../host/finality.ts'
import type { BoardConfig, CommunityConfig, HomeConfig, HostedHome } from '../host/configs.ts'
import type { BoardKind } from '../../protocols/rules/reading.ts'

export const BOARD_KINDS: readonly BoardKind[] = ['power', 'water', 'comfort']

const CONTRACTED_W_PER_HOME = 6_900
/**
 * The demonstration's contract leaves a quarter to spare, so that some homes meet their limits and most do
 * not, and have something to sell.
 */
const HEADROOM_PERMILLE = 1_250
const CHALLENGE_BLOCKS = 10
/** Epochs whose chain keys a run keeps after the next began; never less than the contract's own grace. */
const EPOCHS_KEPT = 1
/** A member begins with 100 SCT: some months of trading. */
const WELCOME_MICRO_SCT = 100_000_000

/** The folder of the community gateway in the data folder of a run. */
export const communityFolder = ({ dataDir }: StartOptions): string => join(dataDir, 'community')

/** Blocks of the embedded chain must be saved before they are final; those of Geth voted for. */
const finalityOf = ({ chain }: StartOptions): FinalityKind => (chain === 'geth' ? 'votes' : 'saved')

/**
 * Each signer's voter is with one gateway: the first with the community gateway, the others with homes, as
 * far as there are homes. `place` 0 is the community gateway, else a home's number.
 */
const signersBeside = (place: number, homes: number, folders: readonly string[]): readonly string[] =>
  folders.filter((_folder, at) => at % (homes + 1) === place)

/** The folder name of home `number`: `home-01`. */
export const homeName = (number: number): string => `home-${String(number).padStart(2, '0')}`

/** Port of the page of home `number`; 0 stays 0, so that a free one is taken. */
export const pagePort = (base: number, number: number): number => (base === 0 ? 0 : base + number)

/** What a gateway is opened with again after it was killed: its page is where people have it open. */
export function samePage<C extends { readonly page: { readonly host: string; readonly port: number } }>(
  config: C,
  page: string | undefined,
): C {
  return page === undefined
    ? config
    : { ...config, page: { ...config.page, port: Number(new URL(page).port) } }
}

/** The community gateway's configuration in a run of `start`. */
export function communityConfig(
  options: StartOptions,
  chain: Pick<RunChain, 'rpc' | 'managerKey' | 'signerFolders'>,
  expected: readonly ExpectedUse[],
  timeScale: number,
): CommunityConfig {
  const spare = (sum: number): number => Math.max(1, Math.round((sum * HEADROOM_PERMILLE) / 1_000))
  return {
    name: 'demo',
    dataDir: communityFolder(options),
    finality: finalityOf(options),
    signers: signersBeside(0, options.homes, chain.signerFolders),
    rpc: chain.rpc,
    page: { host: '127.0.0.1', port: options.port },
    managerKey: chain.managerKey,
    databaseUrl: options.databaseUrl,
    profile: options.profile,
    ringLength: options.ringLength,
    sampleMs: options.sampleMs,
    slotsPerBilling: options.slotsPerBilling,
    blockTimeS: options.blockTimeS,
    epochMs: options.epochMs,
    epochKeepMs: EPOCHS_KEPT * (options.epochMs ?? 0),
    challengeBlocks: CHALLENGE_BLOCKS,
    contract: {
      energyWh: spare(expected.reduce((sum, each) => sum + each.energyWh, 0)),
      powerW: CONTRACTED_W_PER_HOME * options.homes,
      waterMl: spare(expected.reduce((sum, each) => sum + each.waterMl, 0)),
    },
    leastHomesInTotal: Math.min(5, options.homes),
    prices: options.prices,
    welcomeMicroSct: WELCOME_MICRO_SCT,
    gatherSlots: options.batch === 1 ? 0 : options.batch + 1,
    timeScale,
    listen: ['/ip4/127.0.0.1/tcp/0'],
    mdns: true,
    recordFile: options.recordFile,
  }
}

/** Whether the plan of a run lets this home watch another: then nobody is asked. Else its people are. */
const watchesBy = ({ faults }: StartOptions, number: number): boolean =>
  faults.some((fault) => fault.action === 'delegate' && fault.pair.to === number)

/** One home's configuration in a run of `start`. */
export function homeConfig(
  options: StartOptions,
  number: number,
  { rpc, signerFolders }: Pick<RunChain, 'rpc' | 'signerFolders'>,
  invite: string | null,
  boards: readonly BoardConfig[],
  timeScale: number,
  expected: ExpectedUse,
  // Homes of a run begin to measure together, once the last one has joined.
): Omit<HomeConfig, 'meters'> {
  return {
    name: homeName(number),
    dataDir: join(options.dataDir, homeName(number)),
    rpc,
    page: { host: '127.0.0.1', port: pagePort(options.port, number) },
    invite,
    boards,
    boardsAre: options.boards,
    finality: finalityOf(options),
    signers: signersBeside(number, options.homes, signerFolders),
    timeScale,
    batch: options.batch,
    rules: demoRules(number, expected),
    delegationsAccepted: watchesBy(options, number),
    listen: ['/ip4/127.0.0.1/tcp/0'],
    mdns: false,
    recordFile: options.recordFile,
  }
}

/** The boards of a home as its gateway reaches them, from where the board host serves them. */
export function reachableBoards(
  hosted: HostedHome,
  served: readonly { kind: BoardKind; host: string; port: number }[],
): BoardConfig[] {
  return hosted.boards.flatMap((board) => {
    const at = served.find((each) => each.kind === board.kind)
    if (at === undefined) return []
    return [
      {
        kind: board.kind,
        boardId: board.boardId,
        linkKey: board.linkKey,
        at: { host: at.host, port: at.port },
      },
    ]
  })
}
