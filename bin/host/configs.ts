import type { Contracts } from '../../chain/contracts-file.ts'
import type { BoardKind } from '../../protocols/rules/reading.ts'
import type { FinalityKind } from './finality.ts'
import type { PricesConfig } from './market/price-source.ts'
import type { RuleForm } from '../../web/market-model.ts'

/** A board as its home reaches it; the record key stays between the board and the community gateway. */
export interface BoardConfig {
  readonly kind: BoardKind
  readonly boardId: number
  readonly linkKey: Uint8Array
  readonly at:
    { readonly host: string; readonly port: number } | { readonly path: string; readonly baudRate: number }
}

/** Where a gateway serves its page. */
export interface PageConfig {
  readonly host: string
  readonly port: number
}

/** What a community gateway is started with. */
export interface CommunityConfig {
  readonly name: string
  readonly dataDir: string
  readonly rpc: string
  readonly finality: FinalityKind
  /** Folders of the chain nodes beside it that seal: it votes for them. */
  readonly signers: readonly string[]
  readonly page: PageConfig
  /** Private key that pays and signs for the manager; made and kept in the data folder when absent. */
  readonly managerKey: string | null
  readonly databaseUrl: string | null
  readonly profile: 'commitment' | 'storage'
  readonly ringLength: number
  readonly sampleMs: number
  readonly slotsPerBilling: number
  readonly blockTimeS: number
  /** How long an epoch's keys hold; null: for ever. */
  readonly epochMs: number | null
  /** How long the chain key of an epoch that is over is kept. */
  readonly epochKeepMs: number
  readonly challengeBlocks: number
  /** What the community may use in one billing period, and at any moment. */
  readonly contract: { readonly energyWh: number; readonly powerW: number; readonly waterMl: number }
  readonly leastHomesInTotal: number
  /** Where market prices come from. */
  readonly prices: PricesConfig
  /** Micro-SCT that a new member begins with. */
  readonly welcomeMicroSct: number
  /** Slots by which a reading may come later because its home gathers several for a call. */
  readonly gatherSlots: number
  /** Community milliseconds per real one, as its homes' boards play them. */
  readonly timeScale: number
  readonly listen: readonly string[]
  readonly mdns: boolean
  /** The recording that its machines write to, if any. */
  readonly recordFile: string | null
}

/** What a home's gateway is started with. */
export interface HomeConfig {
  readonly name: string
  readonly dataDir: string
  readonly rpc: string
  readonly finality: FinalityKind
  /** Folders of the chain nodes beside it that seal: it votes for them. */
  readonly signers: readonly string[]
  readonly page: PageConfig
  readonly invite: string | null
  readonly boards: readonly BoardConfig[]
  readonly boardsAre: 'firmware' | 'profile'
  /** Community milliseconds per real one: 1 for real boards, more where a profile is played faster. */
  readonly timeScale: number
  /** Whether it takes what its boards measure as soon as it operates, or only once it is told to. */
  readonly meters: 'at-once' | 'when-told'
  /** Slots that wait for each other, to go in one call; 1 sends each alone. */
  readonly batch: number
  /** Rules that the home trades by until its people state others. */
  readonly rules: readonly RuleForm[]
  /** Whether what neighbours propose is taken without asking a person, as in a run that nobody watches. */
  readonly delegationsAccepted: boolean
  readonly listen: readonly string[]
  readonly mdns: boolean
  /** The recording that its machines write to, if any. */
  readonly recordFile: string | null
}

/** The boards of one home, as the board host runs them. */
export interface HostedHome {
  readonly number: number
  readonly boards: readonly {
    readonly kind: BoardKind
    readonly boardId: number
    readonly recordKey: Uint8Array
    readonly linkKey: Uint8Array
  }[]
}

/** What the process that runs the boards is started with. */
export interface BoardsConfig {
  readonly mode: 'firmware' | 'profile'
  readonly sampleMs: number
  readonly profilesDir: string | null
  readonly boardHex: string | null
  readonly homes: readonly HostedHome[]
}

/** What a community gateway says once it is founded. */
export interface CommunityOpened {
  readonly account: string
  readonly page: string
  readonly contracts: Pick<Contracts, 'monitoring' | 'quota' | 'token' | 'trading'>
  readonly chainId: number
  readonly genesisHash: string
  readonly deployedAtBlock: number
}

/** What the run needs to know of a gateway between start and report. */
export interface GatewayStatus {
  /** Whether it is a member that can seal. */
  readonly joined: boolean
  /** … and has measured. */
  readonly operating: boolean
  /** The last block whose facts it applied; null before it follows the chain. */
  readonly block: number | null
  /** Readings, alarms and calls that wait, at that block. */
  readonly pending: number
  /** Trades and delegations that are not settled: they go by the chain's clock. */
  readonly unsettled: number
  readonly notFinal: number
  readonly line: string
}

/** One sealed slot as its home knows it at the end. */
export interface SealedSlot {
  readonly slot: number
  readonly receivedAtMs: number
  /** Whether it still waits in the durable outbox. */
  readonly waiting: boolean
}

/** A home's own figures, each counted where it happened. */
export interface HomeTally {
  readonly account: string
  readonly samples: number
  readonly rejected: number
  readonly sealed: number
  readonly submitted: number
  readonly final: number
  readonly alarmsRead: number
  /** Alarms of its own that are on the chain. */
  readonly alarmsSent: number
  readonly slots: readonly SealedSlot[]
  /** Slots of neighbours that this home opened as their delegatee. */
  readonly cared: readonly { readonly delegation: number; readonly slot: number }[]
  /** Alarms that this home opened, its own and neighbours'; its own of itself count downwards from -1. */
  readonly alarms: readonly { readonly about: string; readonly number: number }[]
  /** Of what this home sealed to a delegatee, slots that its own operation keys open. */
  readonly openedBack: readonly { readonly delegation: number; readonly slot: number }[]
  readonly reorgs: number
  readonly memoryMb: number
}

/** The community gateway's own figures. */
export interface CommunityTally {
  readonly account: string
  readonly decrypted: readonly {
    readonly home: string
    readonly slot: number
    /** The delegation that it was sealed under, 0 for none. */
    readonly delegation: number
    readonly acceptedAtMs: number
  }[]
  readonly faulty: number
  readonly alarmsSent: number
  readonly reorgs: number
  readonly memoryMb: number
}
