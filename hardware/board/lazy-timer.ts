import type { AVRTimerConfig, CPU } from 'avr8js'
import { Fault } from '../../protocols/rules/fault.ts'

const CLEAR_ON_COMPARE = 2
const NORMAL = 0
const CLOCK_SELECT = 0x7
/** Prescalers of timers 0 and 1 by clock select; the external clocks are not emulated and stand still. */
const DIVIDERS = [0, 1, 8, 64, 256, 1024] as const

/**
 * A timer that computes its count when it is read and wakes only at a compare match or an overflow, where
 * avr8js's own wakes at every count. It knows the two modes the firmware uses (normal, and clear on compare
 * match A) and refuses any other with `unsupported-timer`.
 */
export class LazyTimer {
  readonly #cpu: CPU
  readonly #config: AVRTimerConfig
  readonly #max: number
  /** The cycle at which `#count` was exact. */
  #since = 0
  #count = 0
  #divider = 0
  #compare = 0
  #highByte = 0
  #clears = false

  constructor(cpu: CPU, config: AVRTimerConfig) {
    this.#cpu = cpu
    this.#config = config
    this.#max = config.bits === 16 ? 0xffff : 0xff
    this.#hookControl()
    this.#hookCount()
    this.#hookCompare()
    this.#hookInterrupts()
  }

  #hookControl(): void {
    const { TCCRA, TCCRB } = this.#config
    const write = (value: number, _old: number, address: number): boolean => {
      this.#cpu.data[address] = value
      this.#readMode()
      return true
    }
    this.#cpu.writeHooks[TCCRA] = write
    this.#cpu.writeHooks[TCCRB] = (value, old, address) => {
      this.#cpu.clearClockEvent(this.#wake)
      this.#cpu.clearClockEvent(this.#restart)
      this.#cpu.addClockEvent(this.#restart, 0)
      return write(value, old, address)
    }
  }

  #hookCount(): void {
    const { TCNT, bits } = this.#config
    this.#cpu.readHooks[TCNT] = () => {
      this.#catchUp()
      if (bits === 16) this.#cpu.data[TCNT + 1] = this.#count >> 8
      return this.#count & 0xff
    }
    this.#cpu.writeHooks[TCNT] = () => this.#refuse('writing the count')
  }

  #hookCompare(): void {
    const { OCRA, bits } = this.#config
    this.#cpu.writeHooks[OCRA] = (value) => {
      this.#catchUp()
      this.#compare = (this.#highByte << 8) | value
      this.#arm()
    }
    if (bits === 16) this.#cpu.writeHooks[OCRA + 1] = (value) => void (this.#highByte = value)
  }

  #hookInterrupts(): void {
    const { TIMSK, TIFR, OCIEA } = this.#config
    this.#cpu.writeHooks[TIMSK] = (value) => {
      if ((value & ~OCIEA) !== 0) this.#refuse('interrupts other than compare match A')
      this.#cpu.updateInterruptEnable(this.#interrupt, value)
    }
    this.#cpu.writeHooks[TIFR] = (value) => {
      this.#cpu.clearInterruptByFlag(this.#interrupt, value)
      return true
    }
  }

  get #interrupt(): Parameters<CPU['setInterruptFlag']>[0] {
    const { compAInterrupt, TIFR, OCFA, TIMSK, OCIEA } = this.#config
    return {
      address: compAInterrupt,
      flagRegister: TIFR,
      flagMask: OCFA,
      enableRegister: TIMSK,
      enableMask: OCIEA,
    }
  }

  get #top(): number {
    return this.#clears ? this.#compare : this.#max
  }

  #readMode(): void {
    const { data } = this.#cpu
    const { TCCRA, TCCRB, bits } = this.#config
    const a = data[TCCRA] ?? 0
    const b = data[TCCRB] ?? 0
    const mode = (a & 0x3) | ((b & (bits === 16 ? 0x18 : 0x08)) >> 1)
    if (
      (a & 0xfc) !== 0 ||
      (mode !== NORMAL && mode !== CLEAR_ON_COMPARE) ||
      (bits === 16 && mode !== NORMAL)
    ) {
      this.#refuse(`mode ${mode}`)
    }
    this.#clears = mode === CLEAR_ON_COMPARE
  }

  readonly #restart = (): void => {
    const select = (this.#cpu.data[this.#config.TCCRB] ?? 0) & CLOCK_SELECT
    this.#divider = DIVIDERS[select] ?? 0
    this.#since = this.#cpu.cycles
    this.#arm()
  }

  readonly #wake = (): void => {
    this.#catchUp()
    this.#cpu.setInterruptFlag(this.#interrupt)
    this.#arm()
  }

  #catchUp(): void {
    if (this.#divider === 0) return
    const counts = Math.floor((this.#cpu.cycles - this.#since) / this.#divider)
    this.#since += counts * this.#divider
    this.#count = (this.#count + counts) % (this.#top + 1)
  }

  /** Wakes at the next compare match; where nothing waits for it, not at all. */
  #arm(): void {
    this.#cpu.clearClockEvent(this.#wake)
    if (this.#divider === 0 || !this.#clears) return
    const ahead = this.#compare - this.#count
    const counts = ahead > 0 ? ahead : ahead + this.#top + 1
    this.#cpu.addClockEvent(this.#wake, this.#since + counts * this.#divider - this.#cpu.cycles)
  }

  #refuse(what: string): never {
    const message = `timer at ${this.#config.TCNT}: ${what} is not emulated; run it on the plain core`
    throw new Fault('unsupported-timer', message, { what, register: this.#config.TCNT })
  }
}
