import { admitFrame } from '../../../protocols/rules/admit-frame.ts'
import {
  DEFAULT_LIMITS,
  homeRegisters,
  type HomeSettings,
  type HomeState,
  NEW_HOME,
} from '../../../protocols/rules/home-registers.ts'
import { processSlot } from '../../../protocols/rules/process-frames.ts'
import type { BoardFrame, ReceivedFrame } from '../../../protocols/rules/reading.ts'
import type { Chance } from '../chance.ts'
import type { Ask } from './asked.ts'
import { HomeOpinion } from './home-opinion.ts'

const TURN = 2 ** 32
const SAMPLE_MS = 2_000
const BEGIN_MS = 1_000_000 * SAMPLE_MS
const NO_BYTES = new Uint8Array(0)

/** A board that chance plays with: it restarts, is silent, and its frames come late, twice or spoilt. */
class PlayedBoard {
  readonly #chance: Chance
  readonly kind: 'power' | 'water'
  readonly boardId: number
  #sequence: number
  #bootMs: number
  #registers: number[]
  readonly #sent: BoardFrame[] = []

  constructor(chance: Chance, kind: 'power' | 'water', boardId: number) {
    this.#chance = chance
    this.kind = kind
    this.boardId = boardId
    this.#sequence = chance.pick([0, 900, TURN - 5])
    this.#bootMs = BEGIN_MS - chance.pick([5_000, 1_000, TURN - 30_000])
    const first = (): number => chance.pick([0, 77, TURN - 40])
    this.#registers = kind === 'power' ? [first(), first()] : [first()]
  }

  /** Uses as much as can be in a time, at most. */
  live(ms: number): void {
    const mostA = Math.floor(
      (ms * (this.kind === 'power' ? 44_000 : 120_000)) / (this.kind === 'power' ? 3_600_000 : 60_000),
    )
    this.#registers = this.#registers.map((each) => (each + this.#chance.whole(0, Math.min(9, mostA))) % TURN)
  }

  restart(nowMs: number): void {
    this.#bootMs = nowMs - this.#chance.pick([0, 300, 900])
    this.#sequence = 0
    const back = this.#chance.pick([null, 0, 5])
    this.#registers = this.#registers.map((each) => (back === null ? 0 : Math.max(0, each - back)))
  }

  frame(nowMs: number): BoardFrame {
    this.#sequence = (this.#sequence + this.#chance.pick([1, 1, 1, 1, 1, 2, 64, 70, 110])) % TURN
    const { boardId } = this
    const uptimeMs = (nowMs - this.#bootMs + TURN) % TURN
    const header = {
      boardId,
      sequence: this.#sequence,
      uptimeMs,
      authorised: true,
      calibrated: true,
      sensorFault: false,
    }
    const [first = 0, second = 0] = this.#registers
    const peakPowerW = this.#chance.whole(-500, 900)
    const power = { importWh: first, exportWh: second, powerW: this.#chance.whole(-500, 500), peakPowerW }
    const made: BoardFrame =
      this.kind === 'power'
        ? {
            ...header,
            kind: 'power',
            ...power,
            voltageMv: 230_000,
            currentMa: 1,
            powerFactorPermille: 990,
            relayClosed: true,
          }
        : { ...header, kind: 'water', volumeMl: first, flowMlPerMin: 0, valveOpen: true }
    this.#sent.push(made)
    return made
  }

  /** One that was sent before. */
  older(): BoardFrame | null {
    const back = this.#chance.pick([1, 2, 3, 9])
    return this.#sent.at(-back) ?? null
  }
}

/** What a home can reach, and a watt more. */
const LIMITS_W = [44_000, 44_001, -44_000, -44_001] as const

/** What no board says, and what its home cannot reach. */
function spoilt(frame: BoardFrame, chance: Chance): BoardFrame {
  const bad = chance.pick([-1, 0.5, NaN, TURN, 2 ** 31, 44_001, -44_001, 44_000, 120_001])
  const far = chance.pick([1, 30, 32, 100, 200, 5_000])
  if (chance.hits(150_000)) return { ...frame, sensorFault: true }
  if (chance.hits(100_000)) return { ...frame, boardId: chance.pick([3, 0.5]) }
  if (chance.hits(250_000)) return { ...frame, ...chance.pick([{ sequence: bad }, { uptimeMs: bad }]) }
  if (chance.hits(150_000)) {
    return {
      ...frame,
      ...chance.pick([{ uptimeMs: frame.uptimeMs + far * 100 }, { sequence: frame.sequence + 2 ** 31 - 1 }]),
    }
  }
  if (frame.kind === 'water') {
    return chance.hits(500_000)
      ? { ...frame, flowMlPerMin: bad }
      : { ...frame, volumeMl: moved(frame.volumeMl, far * 99, chance) }
  }
  if (frame.kind === 'comfort') return frame
  if (chance.hits(500_000)) {
    return {
      ...frame,
      ...chance.pick([
        { powerW: chance.pick(LIMITS_W) },
        { powerW: bad },
        { peakPowerW: bad },
        { currentMa: bad },
        { importWh: bad },
      ]),
    }
  }
  return { ...frame, importWh: moved(frame.importWh, far, chance) }
}
const moved = (register: number, by: number, chance: Chance): number =>
  chance.hits(500_000) ? (register + by) % TURN : Math.max(0, register - by)

/** What comes to a gateway's ports from its boards. */
function* played(chance: Chance, boards: readonly PlayedBoard[], most: number): Generator<ReceivedFrame> {
  let nowMs = BEGIN_MS
  const waiting: BoardFrame[] = []
  const come = (frame: BoardFrame): ReceivedFrame => {
    const wrong = chance.hits(15_000) ? chance.pick([-9_000, -4_001, -3_000, NaN]) : 0
    return { frame, bytes: NO_BYTES, receivedAtMs: nowMs + wrong }
  }
  for (let time = 0; time < most; time += 1) {
    const passed = chance.pick([1, 400, 1_000, 1_000, 1_000, 2_000, 9_000, 60_000])
    nowMs += passed
    for (const board of boards) {
      board.live(passed)
      const does = chance.whole(0, 99)
      if (does < 4) board.restart(nowMs)
      const frame = board.frame(nowMs)
      if (does >= 4 && does < 12) continue
      if (does >= 12 && does < 20) waiting.push(frame)
      else if (does >= 20 && does < 30) yield come(spoilt(frame, chance))
      else yield come(frame)
      const older = does >= 30 && does < 40 ? board.older() : null
      if (older !== null) yield come(older)
      if (does >= 95) while (waiting.length > 0) yield come(waiting.shift() ?? frame)
    }
  }
}

function homeOf(chance: Chance): { settings: HomeSettings; boards: PlayedBoard[] } {
  const afterRestart = () => chance.pick(['from-zero', 'from-copy'] as const)
  const boards = [new PlayedBoard(chance, 'power', 1), new PlayedBoard(chance, 'water', 2)]
  const commissioned = boards.map(({ boardId, kind }) => ({
    boardId,
    kind,
    keyed: chance.hits(800_000),
    afterRestart: afterRestart(),
  }))
  return { settings: { sampleMs: SAMPLE_MS, boards: commissioned, limits: DEFAULT_LIMITS }, boards }
}

const TIMES = 25

/** Frame by frame: each is refused for the same reason, and the home's registers show the same. */
export function askFrames(ask: Ask, chance: Chance): void {
  const { settings, boards } = homeOf(chance)
  const opinion = new HomeOpinion(settings)
  let state: HomeState = NEW_HOME
  let now = settings
  let time = 0
  for (const received of played(chance, boards, TIMES)) {
    time += 1
    // A board is replaced by another, whose registers begin below the home's.
    if (time === 30) now = replaced(settings)
    const given =
      time > 30 && received.frame.boardId === 1
        ? { ...received, frame: { ...received.frame, boardId: 9 } }
        : received
    if (time === 30) opinion.settle(now)
    ask(
      'boards',
      given,
      () => {
        const admitted = admitFrame(state, given, now)
        state = admitted.next
        return [admitted.ok ? null : admitted.refused.code, homeRegisters(state), state.resetPending]
      },
      () => [opinion.take(given), { ...opinion.home }, opinion.reset],
    )
  }
}

const replaced = (settings: HomeSettings): HomeSettings => ({
  ...settings,
  boards: settings.boards.map((board) => (board.boardId === 1 ? { ...board, boardId: 9 } : board)),
})

/** Slot by slot: the same reading comes of the same frames, or none for the same reason. */
export function askSlots(ask: Ask, chance: Chance): void {
  const { settings, boards } = homeOf(chance)
  const opinion = new HomeOpinion(settings)
  let state: HomeState = NEW_HOME
  let frames: ReceivedFrame[] = []
  let slot = BEGIN_MS / SAMPLE_MS
  const close = (): void => {
    const given = { slot: slot - (chance.hits(50_000) ? 1 : 0), frames }
    const reference = chance.hits(100_000)
      ? { referenceMs: given.slot * SAMPLE_MS + chance.pick([-6_001, -6_000, 6_000, 6_001]) }
      : {}
    ask(
      'readings',
      { ...given, ...reference },
      () => {
        const result = processSlot({ ...given, ...reference, state, settings })
        state = result.next
        const { refusals, outcome } = result
        const codes = refusals.map(({ code }) => code)
        if (outcome === 'refused') return [codes, result.reason.code]
        const { frames: bytes, ...offsets } = result.extended
        return [codes, result.essential, bytes.length, offsets, result.frames.map(({ sequence }) => sequence)]
      },
      () => opinion.slot(given.slot, frames, reference.referenceMs),
    )
    frames = []
  }
  for (const received of played(chance, boards, TIMES)) {
    const at = Math.floor(received.receivedAtMs / SAMPLE_MS)
    if (at > slot) {
      close()
      slot = chance.hits(100_000) ? at + 1 : at
    }
    frames.push(received)
  }
  close()
}
