import type { Facts } from './fault.ts'
import type { PhysicalLimits } from './home-registers.ts'
import type { BoardFrame, ReceivedFrame } from './reading.ts'

const U32 = [0, 0xffff_ffff] as const
const I32 = [-0x8000_0000, 0x7fff_ffff] as const
const U16 = [0, 0xffff] as const
const I16 = [-0x8000, 0x7fff] as const

/** The width of every number of a frame, by its name: [least, most]. */
const HEADER_FIELDS = { boardId: U32, sequence: U32, uptimeMs: U32 } as const

const BODY_FIELDS: Readonly<Record<BoardFrame['kind'], Readonly<Record<string, readonly [number, number]>>>> =
  {
    power: {
      importWh: U32,
      exportWh: U32,
      powerW: I32,
      peakPowerW: I32,
      voltageMv: U32,
      currentMa: U32,
      powerFactorPermille: I16,
    },
    water: { volumeMl: U32, flowMlPerMin: I32 },
    comfort: { temperatureCentiC: I16, humidityPermille: U16 },
  }

const fieldsOf = (kind: BoardFrame['kind']): (readonly [string, readonly [number, number]])[] =>
  Object.entries({ ...HEADER_FIELDS, ...BODY_FIELDS[kind] })

/** All numbers of a frame, by its kind: every frame of every board is held against them. */
const FIELDS = { power: fieldsOf('power'), water: fieldsOf('water'), comfort: fieldsOf('comfort') } as const

function outside(value: unknown, [least, most]: readonly [number, number]): boolean {
  return typeof value !== 'number' || !Number.isInteger(value) || value < least || value > most
}

/** The first field of a frame that is not an integer of its width: NaN, a fraction, a negative register. */
export function frameFieldFault(received: ReceivedFrame): Facts | undefined {
  const { frame, receivedAtMs } = received
  for (const [field, range] of FIELDS[frame.kind]) {
    const got: unknown = Reflect.get(frame, field)
    if (outside(got, range)) {
      return { field, expected: `an integer from ${range[0]} to ${range[1]}`, got: String(got) }
    }
  }
  if (outside(receivedAtMs, [0, Number.MAX_SAFE_INTEGER])) {
    return { field: 'receivedAtMs', expected: 'milliseconds since 1970', got: String(receivedAtMs) }
  }
  return undefined
}

/** The first momentary value that the installation cannot reach. */
export function valueBeyondLimits(frame: BoardFrame, limits: PhysicalLimits): Facts | undefined {
  const beyond = (field: string, got: number, least: number, most: number) =>
    got < least || got > most ? { field, got, least, most } : undefined
  switch (frame.kind) {
    case 'power': {
      const { maxExportW, maxImportW } = limits
      return (
        beyond('powerW', frame.powerW, -maxExportW, maxImportW) ??
        beyond('peakPowerW', frame.peakPowerW, -maxExportW, maxImportW)
      )
    }
    case 'water':
      return beyond('flowMlPerMin', frame.flowMlPerMin, -limits.maxFlowMlPerMin, limits.maxFlowMlPerMin)
    case 'comfort':
      return beyond('humidityPermille', frame.humidityPermille, 0, 1000)
  }
}
