import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { encodeCommand } from '../../hardware/board/command.ts'
import { decodeRecording } from '../../hardware/board/decode.ts'
import { LINK_KEY, firmwareBench } from './workbench.ts'

function recording(): Uint8Array {
  const bench = firmwareBench('comfort', { celsius: 20 }).authorise(400)
  bench.live(1)
  return Uint8Array.from(bench.heard.raw)
}

describe('a recording of a board', () => {
  it('becomes one line a frame: reports, answers and commands, with offset and MAC', () => {
    const raw = recording()
    const said = encodeCommand(7, 9, { name: 'relay', closed: true }, LINK_KEY)
    const lines = decodeRecording(Uint8Array.of(...raw, ...said))
    expect(lines.map(({ type }) => type)).toEqual(['answer', 'answer', 'report', 'report', 'command'])
    expect(lines[0]).toMatchObject({ offset: 0, answer: { answers: 'authorise', status: 'done' } })
    expect(lines.at(-1)).toMatchObject({
      offset: raw.length,
      command: { sequence: 9, command: { closed: true } },
    })
    expect(lines.every((line) => line.type !== 'bad' && /^[0-9a-f]{32}$/.test(line.mac))).toBe(true)
    expect(() => JSON.stringify(lines)).not.toThrow()
  })

  it('shows a bad stretch with its reason and offset, and goes on behind it', () => {
    const raw = recording()
    const spoilt = Uint8Array.from(raw)
    spoilt[20] = (spoilt[20] ?? 0) ^ 0x40 || 1
    const lines = decodeRecording(Uint8Array.of(1, 2, 3, 0, ...spoilt))
    expect(lines[0]).toMatchObject({ type: 'bad', offset: 0, hex: '010203' })
    expect(lines[1]).toMatchObject({ type: 'bad', offset: 4 })
    expect(lines[1]?.type === 'bad' && lines[1].reason).toMatch(/CRC|COBS/)
    expect(lines[2]?.type).toBe('answer')
  })

  it('says that a recording ends inside a frame', () => {
    const raw = recording()
    expect(decodeRecording(raw.subarray(0, -5)).at(-1)).toMatchObject({ type: 'bad', code: 'unfinished' })
  })

  it('never throws, whatever the bytes; every byte belongs to a line or is a zero', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 3000 }), (bytes) => {
        const lines = decodeRecording(bytes)
        const stretches = Buffer.from(bytes)
          .toString('latin1')
          .split('\0')
          .filter((part) => part !== '')
        expect(lines).toHaveLength(stretches.length)
      }),
    )
  })
})
