import { describe, expect, it } from 'vitest'
import { frameFieldFault, valueBeyondLimits } from '../../protocols/rules/frame-fields.ts'
import { DEFAULT_LIMITS } from '../../protocols/rules/home-registers.ts'
import type { BoardFrame } from '../../protocols/rules/reading.ts'
import { comfortFrame, powerFrame, received, waterFrame } from './board-model.ts'

const U32 = [0, 4_294_967_295] as const
const I32 = [-2_147_483_648, 2_147_483_647] as const
const U16 = [0, 65_535] as const
const I16 = [-32_768, 32_767] as const

/** Every number that a frame has on the wire, with its width there. */
const WIDTHS = [
  ['power', 'boardId', U32],
  ['power', 'sequence', U32],
  ['power', 'uptimeMs', U32],
  ['power', 'importWh', U32],
  ['power', 'exportWh', U32],
  ['power', 'powerW', I32],
  ['power', 'peakPowerW', I32],
  ['power', 'voltageMv', U32],
  ['power', 'currentMa', U32],
  ['power', 'powerFactorPermille', I16],
  ['water', 'sequence', U32],
  ['water', 'volumeMl', U32],
  ['water', 'flowMlPerMin', I32],
  ['comfort', 'sequence', U32],
  ['comfort', 'temperatureCentiC', I16],
  ['comfort', 'humidityPermille', U16],
] as const

const frameWith = (kind: BoardFrame['kind'], field: string, value: unknown): BoardFrame => {
  const frame = kind === 'power' ? powerFrame() : kind === 'water' ? waterFrame() : comfortFrame()
  return { ...frame, [field]: value }
}
const faultOf = (kind: BoardFrame['kind'], field: string, value: unknown) =>
  frameFieldFault(received(frameWith(kind, field, value), 0))

describe('the fields of a frame', () => {
  it.each(WIDTHS)('of %s: %s takes exactly the integers of its width', (kind, field, [least, most]) => {
    expect(faultOf(kind, field, least)).toBeUndefined()
    expect(faultOf(kind, field, most)).toBeUndefined()
    const expected = `an integer from ${least} to ${most}`
    expect(faultOf(kind, field, least - 1)).toEqual({ field, expected, got: String(least - 1) })
    expect(faultOf(kind, field, most + 1)).toEqual({ field, expected, got: String(most + 1) })
    expect(faultOf(kind, field, 0.5)).toEqual({ field, expected, got: '0.5' })
    expect(faultOf(kind, field, '1')).toEqual({ field, expected, got: '1' })
  })

  it('are followed by the time at which the frame came', () => {
    const at = (receivedAtMs: number) => frameFieldFault(received(powerFrame(), receivedAtMs))
    expect(at(0)).toBeUndefined()
    expect(at(Number.MAX_SAFE_INTEGER)).toBeUndefined()
    const fault = { field: 'receivedAtMs', expected: 'milliseconds since 1970' }
    expect(at(-1)).toEqual({ ...fault, got: '-1' })
    expect(at(2 ** 53)).toEqual({ ...fault, got: String(2 ** 53) })
  })
})

describe('what an installation cannot reach', () => {
  const { maxImportW, maxExportW, maxFlowMlPerMin } = DEFAULT_LIMITS
  const beyond = (frame: BoardFrame) => valueBeyondLimits(frame, DEFAULT_LIMITS)

  it.each(['powerW', 'peakPowerW'] as const)('is %s outside of export and import', (field) => {
    const range = { least: -maxExportW, most: maxImportW }
    expect(beyond(powerFrame({ [field]: maxImportW }))).toBeUndefined()
    expect(beyond(powerFrame({ [field]: -maxExportW }))).toBeUndefined()
    const over = maxImportW + 1
    expect(beyond(powerFrame({ [field]: over }))).toEqual({ field, got: over, ...range })
    const under = -maxExportW - 1
    expect(beyond(powerFrame({ [field]: under }))).toEqual({ field, got: under, ...range })
  })

  it('is more flow than the meter passes, either way', () => {
    const field = 'flowMlPerMin'
    const range = { least: -maxFlowMlPerMin, most: maxFlowMlPerMin }
    for (const got of [maxFlowMlPerMin, -maxFlowMlPerMin]) {
      expect(beyond(waterFrame({ flowMlPerMin: got }))).toBeUndefined()
      const more = got + Math.sign(got)
      expect(beyond(waterFrame({ flowMlPerMin: more }))).toEqual({ field, got: more, ...range })
    }
  })

  it('is a humidity of more than all or less than none', () => {
    const field = 'humidityPermille'
    expect(beyond(comfortFrame({ humidityPermille: 0 }))).toBeUndefined()
    expect(beyond(comfortFrame({ humidityPermille: 1_000 }))).toBeUndefined()
    for (const got of [-1, 1_001]) {
      expect(beyond(comfortFrame({ humidityPermille: got }))).toEqual({ field, got, least: 0, most: 1_000 })
    }
  })
})
