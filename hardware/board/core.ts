import { AVRTimer, CPU, avrInstruction, timer0Config, timer1Config } from 'avr8js'
import { LazyTimer } from './lazy-timer.ts'

/** Clock of the boards, Hz. */
export const CPU_HZ = 16_000_000
const CYCLES_PER_MS = CPU_HZ / 1000
const SLEEP = 0x9588
/** Sleep mode control register; its bit 0 lets SLEEP sleep. */
const SMCR = 0x53
/** Status register, and its bit that lets interrupts in. */
const SREG = 0x5f
const INTERRUPTS_ON = 0x80
/** Two timers, ADC, UART both ways, two echo edges: no more can be due in one cycle. */
const EVENTS_AT_ONCE = 7

/** A processor with its timers, and the way it is run. */
export interface Core {
  readonly cpu: CPU
  /** Runs until `cycle`; a processor that sleeps then still sleeps when it is run on. */
  run(cycle: number): void
}

/** Milliseconds of so many cycles; whole milliseconds come out whole. */
export function msOf(cycles: number): number {
  return cycles / CYCLES_PER_MS
}

/** Cycles of so many milliseconds. */
export function cyclesOf(ms: number): number {
  return Math.round(ms * CYCLES_PER_MS)
}

/** Lets the moment pass: everything that is due happens, then the most urgent interrupt is taken. */
type Settle = () => void
/** How far a sleeping processor may go, towards `cycle`, without missing anything. */
type Doze = (cycle: number) => number

/**
 * Runs instruction by instruction. avr8js passes over SLEEP; here it halts the processor until an interrupt,
 * as the data sheet says, so that an interrupt always finds it at the same place.
 */
function runner(cpu: CPU, program: Uint16Array, settle: Settle, doze: Doze): (cycle: number) => void {
  let asleep = false
  return (cycle) => {
    while (cpu.cycles < cycle) {
      const sleeps = asleep || (program[cpu.pc] === SLEEP && ((cpu.data[SMCR] ?? 0) & 1) === 1)
      if (asleep) cpu.cycles = doze(cycle)
      else avrInstruction(cpu)
      const { pc } = cpu
      settle()
      asleep = sleeps && cpu.pc === pc
    }
  }
}

/**
 * avr8js as it is published: its processor and its timers, cycle by cycle. Slow, and the measure of the fast
 * core. One tick of it serves one event; as many ticks as there can be events, all but the last with
 * interrupts off, serve the moment whole.
 */
export function plainCore(program: Uint16Array): Core {
  const cpu = new CPU(program)
  new AVRTimer(cpu, timer0Config)
  new AVRTimer(cpu, timer1Config)
  const settle = (): void => {
    const status = cpu.data[SREG] ?? 0
    cpu.data[SREG] = status & ~INTERRUPTS_ON
    for (let event = 1; event < EVENTS_AT_ONCE; event++) cpu.tick()
    cpu.data[SREG] = status
    cpu.tick()
  }
  return { cpu, run: runner(cpu, program, settle, () => cpu.cycles + 1) }
}

/** An event in the order of its cycle. */
interface Due {
  cycle: number
  callback: () => void
}

/** avr8js's processor with a queue of events that can be looked at, so that sleep can jump to the next. */
class JumpingCpu extends CPU {
  readonly #due: Due[] = []

  /** The cycle of the next event; Infinity when there is none. */
  nextDue = Infinity

  override addClockEvent(callback: () => void, cycles: number): () => void {
    const due = { cycle: this.cycles + Math.max(1, cycles), callback }
    let at = this.#due.length
    while (at > 0 && (this.#due[at - 1]?.cycle ?? 0) < due.cycle) at--
    this.#due.splice(at, 0, due)
    this.#look()
    return callback
  }

  override clearClockEvent(callback: () => void): boolean {
    const at = this.#due.findIndex((due) => due.callback === callback)
    if (at >= 0) this.#due.splice(at, 1)
    this.#look()
    return at >= 0
  }

  override tick(): void {
    while (this.nextDue <= this.cycles) {
      const due = this.#due.pop()
      this.#look()
      due?.callback()
    }
    super.tick()
  }

  #look(): void {
    this.nextDue = this.#due[this.#due.length - 1]?.cycle ?? Infinity
  }
}

/** The same processor with timers that wake only when they must, and a sleep that jumps to the next event. */
export function fastCore(program: Uint16Array): Core {
  const cpu = new JumpingCpu(program)
  new LazyTimer(cpu, timer0Config)
  new LazyTimer(cpu, timer1Config)
  const settle = (): void => cpu.tick()
  const doze = (cycle: number): number => Math.min(Math.max(cpu.cycles + 1, cpu.nextDue), cycle)
  return { cpu, run: runner(cpu, program, settle, doze) }
}
