import { AVRADC, AVREEPROM, AVRIOPort, AVRUSART, EEPROMMemoryBackend, PinState } from 'avr8js'
import { adcConfig, portBConfig, portDConfig, usart0Config } from 'avr8js'
import type { BoardKind } from '../../protocols/rules/reading.ts'
import type { Board } from './board.ts'
import { CPU_HZ, cyclesOf, fastCore, msOf, plainCore } from './core.ts'
import type { Core } from './core.ts'
import { EEPROM_BYTES, eepromImage } from './identity.ts'
import type { BoardIdentity } from './identity.ts'
import { FLASH_BYTES, parseIntelHex } from './intel-hex.ts'
import { createNoise } from './noise.ts'
import { CUT_PINS, PARTS, comfortPins, powerPins, waterPins } from './sensors.ts'
import type { Pins } from './sensors.ts'
import type { World } from './world.ts'

/** Flash of an ATmega328P, bytes. */
const ADC_COUNTS = 1024
/**
 * Bytes that may wait to be received; a line at 38400 baud that is fed faster than it runs loses the rest.
 */
const RECEIVE_QUEUE_MAX = 4096
/** One character at 38400 baud (10 bits), and a little more, in cycles. */
const CHARACTER_CYCLES = Math.ceil((CPU_HZ / 38_400) * 10) + 50

const PINS = {
  lightAuthorised: 4,
  lightLink: 5,
  echoDown: 2,
  echoUp: 3,
  triggerDown: 4,
  triggerUp: 5,
  relay: 6,
  valve: 7,
} as const

export interface EmulatorOptions {
  readonly identity: BoardIdentity
  /** The firmware, Intel HEX. */
  readonly hex: string
  readonly world: World
  /** The moment, unix ms, at which the board is switched on. */
  readonly startMs: number
  /** Seeds the noise of the sensors. */
  readonly seed?: number
  /** Runs on avr8js as published instead of the fast core. */
  readonly plain?: boolean
  /** An EEPROM that was used before; a fresh one is commissioned with the identity. */
  readonly eeprom?: Uint8Array
}

/** A board whose processor runs the real firmware, instruction by instruction, in this process. */
export class EmulatedBoard implements Board {
  readonly kind: BoardKind
  readonly boardId: number
  readonly #core: Core
  readonly #eeprom = new EEPROMMemoryBackend(EEPROM_BYTES)
  readonly #portB: AVRIOPort
  readonly #portD: AVRIOPort
  readonly #usart: AVRUSART
  readonly #adc: AVRADC
  readonly #sensorPins: Pins
  readonly #toReceive: number[] = []
  #pins: Pins
  #startMs: number
  #sent: number[] = []
  #listener: (bytes: Uint8Array) => void = () => undefined
  #conducting = true
  #receiving = false

  constructor(options: EmulatorOptions) {
    this.kind = options.identity.kind
    this.boardId = options.identity.boardId
    this.#startMs = options.startMs
    const program = new Uint16Array(parseIntelHex(options.hex, FLASH_BYTES).buffer)
    this.#core = options.plain === true ? plainCore(program) : fastCore(program)
    const { cpu } = this.#core
    this.#eeprom.memory.set(options.eeprom ?? eepromImage(options.identity))
    new AVREEPROM(cpu, this.#eeprom)
    this.#portB = new AVRIOPort(cpu, portBConfig)
    this.#portD = new AVRIOPort(cpu, portDConfig)
    this.#usart = new AVRUSART(cpu, usart0Config, CPU_HZ)
    this.#adc = new AVRADC(cpu, adcConfig)
    this.#sensorPins = pinsOf(this.kind, options, () => this.#conducting)
    this.#pins = this.#sensorPins
    this.#wire()
  }

  get nowMs(): number {
    return this.#startMs + msOf(this.#core.cpu.cycles)
  }

  get lights(): { link: boolean; authorised: boolean } {
    return { link: this.#lit(PINS.lightLink), authorised: this.#lit(PINS.lightAuthorised) }
  }

  get conducting(): boolean {
    return this.#conducting
  }

  /** What the EEPROM holds now: identity, calibration, the number of the last command. */
  get eeprom(): Uint8Array {
    return Uint8Array.from(this.#eeprom.memory)
  }

  onBytes(listener: (bytes: Uint8Array) => void): void {
    this.#listener = listener
  }

  receive(bytes: Uint8Array): void {
    this.#toReceive.push(...bytes.subarray(0, RECEIVE_QUEUE_MAX - this.#toReceive.length))
    if (!this.#receiving) this.#receiveNext()
  }

  setSensorWire(cut: boolean): void {
    this.#pins = cut ? CUT_PINS : this.#sensorPins
  }

  advance(untilMs: number): void {
    this.#core.run(cyclesOf(untilMs - this.#startMs))
    if (this.#sent.length === 0) return
    const sent = Uint8Array.from(this.#sent)
    this.#sent = []
    this.#listener(sent)
  }

  /** Runs `seconds` of the board's own time. */
  run(seconds: number): void {
    this.advance(this.nowMs + seconds * 1000)
  }

  skipTo(nowMs: number): void {
    this.#startMs += nowMs - this.nowMs
  }

  #lit(pin: number): boolean {
    return this.#portB.pinState(pin) === PinState.High
  }

  #wire(): void {
    const { cpu } = this.#core
    this.#usart.onByteTransmit = (byte) => void this.#sent.push(byte)
    this.#adc.onADCRead = (input) => {
      const channel = 'channel' in input ? input.channel : 0
      const counts = Math.floor((this.#pins.adcVolts(channel, this.nowMs) / PARTS.supplyVolts) * ADC_COUNTS)
      const raw = Math.max(0, Math.min(ADC_COUNTS - 1, counts))
      cpu.addClockEvent(() => this.#adc.completeADCRead(raw), this.#adc.sampleCycles)
    }
    this.#portD.addListener((value, before) => {
      const fallen = before & ~value
      if ((fallen & (1 << PINS.triggerDown)) !== 0) this.#sound(true, PINS.echoDown)
      if ((fallen & (1 << PINS.triggerUp)) !== 0) this.#sound(false, PINS.echoUp)
      const coil = this.kind === 'water' ? PINS.valve : PINS.relay
      this.#conducting = this.#portD.pinState(coil) !== PinState.High
    })
  }

  /** An HC-SR04 holds its echo pin high for as long as the sound travelled. */
  #sound(withFlow: boolean, echoPin: number): void {
    const seconds = this.#pins.echoSeconds(withFlow, this.nowMs)
    if (seconds === undefined) return
    const begins = Math.round(PARTS.echoDelayS * CPU_HZ)
    const lasts = Math.round(seconds * CPU_HZ)
    this.#core.cpu.addClockEvent(() => this.#portD.setPin(echoPin, true), begins)
    this.#core.cpu.addClockEvent(() => this.#portD.setPin(echoPin, false), begins + lasts)
  }

  /** Feeds the receiver at the line's own pace. */
  readonly #receiveNext = (): void => {
    const [byte] = this.#toReceive
    this.#receiving = byte !== undefined
    if (byte === undefined) return
    if (this.#usart.writeByte(byte) === true) this.#toReceive.shift()
    this.#core.cpu.addClockEvent(this.#receiveNext, CHARACTER_CYCLES)
  }
}

function pinsOf(kind: BoardKind, options: EmulatorOptions, conducting: () => boolean): Pins {
  const noise = createNoise(options.seed ?? options.identity.boardId + 1)
  switch (kind) {
    case 'power':
      return powerPins(options.world, noise, conducting)
    case 'water':
      return waterPins(options.world, noise, conducting)
    case 'comfort':
      return comfortPins(options.world, noise)
  }
}
