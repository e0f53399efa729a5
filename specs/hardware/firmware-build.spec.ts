import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { firmwareHex } from '../../hardware/board/firmware-files.ts'
import { parseIntelHex } from '../../hardware/board/intel-hex.ts'
import { firmwareBench, last, missingTool } from './workbench.ts'

const FLASH = 0x8000

function build(folder: string, ...settings: string[]): void {
  const made = spawnSync('make', ['-C', 'hardware/firmware', `OUT=${folder}`, ...settings], {
    encoding: 'utf8',
  })
  expect(made.stderr, 'the compiler has nothing to say').toBe('')
  expect(made.status).toBe(0)
}

describe.skipIf(missingTool('avr-gcc') || missingTool('make'))('the firmware, built with avr-gcc', () => {
  let folder = ''
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'meterhood-firmware-'))
  })
  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  it('is byte for byte what is committed', () => {
    build(join(folder, 'same'))
    for (const kind of ['power', 'water', 'comfort'] as const) {
      expect(readFileSync(join(folder, 'same', `${kind}.hex`), 'utf8'), kind).toBe(firmwareHex(kind))
    }
  })

  it('with GAIN=2 shows twice the watts of the same load', () => {
    build(join(folder, 'double'), 'GAIN=2')
    const watts = (hex?: string): number => {
      const bench = firmwareBench('power', { amperes: 5 }, hex === undefined ? {} : { hex }).authorise(2000)
      bench.live(6)
      return last(bench.heard.reportsOf('power')).powerW
    }
    const doubled = watts(readFileSync(join(folder, 'double', 'power.hex'), 'utf8'))
    expect(Math.abs(doubled - 2 * watts())).toBeLessThanOrEqual(2)
    expect(Math.abs(doubled - 2300)).toBeLessThanOrEqual(23)
  })
})

describe('a firmware file', () => {
  it.each([
    ['no firmware at all', 'hello', /firmware line 1: expected an Intel HEX record/],
    ['a wrong checksum', ':0100000001FF\n', /firmware line 1: expected a checksum/],
    [
      'an unknown record',
      ':0200000500F9\n'.replace('00F9', '0000F9'),
      /firmware line 1: expected record type/,
    ],
    ['no end', ':0100000001FE\n', /firmware: expected an end record/],
    ['an address past the flash', ':02FFFF000102FD\n:00000001FF\n', /firmware line 1: expected an address/],
  ])('with %s is refused and the line named', (_what, text, message) => {
    expect(() => parseIntelHex(text, FLASH)).toThrow(message)
  })
})
