import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { encodeCommand } from '../../hardware/board/command.ts'
import type { BoardKind } from '../../protocols/rules/reading.ts'
import { LINK_KEY, firmwareBench } from './workbench.ts'

/** The same three seconds of a board's life, with commands and garbage in the middle of it. */
function life(kind: BoardKind, seed: number, plain: boolean, slice: number): string {
  const bench = firmwareBench(
    kind,
    { amperes: 6.5, lag: 0.45, velocity: 2.1, celsius: 22.3 },
    { seed, plain },
  )
  const { boardId } = bench.board
  const say = (sequence: number, closed: boolean): void =>
    bench.board.receive(encodeCommand(boardId, sequence, { name: 'relay', closed }, LINK_KEY))
  const liveTo = (ms: number): void => {
    while (bench.board.nowMs < ms) bench.board.advance(Math.min(ms, bench.board.nowMs + slice))
  }
  bench.board.receive(encodeCommand(boardId, 1, { name: 'authorise', authorised: true }, LINK_KEY))
  bench.board.receive(encodeCommand(boardId, 2, { name: 'configure', windowMs: 500 }, LINK_KEY))
  liveTo(1_200)
  bench.board.receive(Uint8Array.of(9, 8, 7, 0, 0, 1))
  say(3, false)
  liveTo(2_100)
  say(4, true)
  liveTo(3_000)
  expect(bench.heard.reports.length).toBeGreaterThanOrEqual(4)
  return createHash('sha256').update(Uint8Array.from(bench.heard.raw)).digest('hex')
}

describe('the fast core is avr8js as published, only faster', () => {
  it.each(['power', 'water', 'comfort'] as const)(
    'every byte of the %s board is the same on both',
    (kind) => {
      expect(life(kind, 11, false, 3_000)).toBe(life(kind, 11, true, 3_000))
    },
    180_000,
  )

  it.each(['power', 'water'] as const)('and however the time of the %s board is cut into slices', (kind) => {
    const whole = life(kind, 12, false, 3_000)
    expect(life(kind, 12, false, 20)).toBe(whole)
    expect(life(kind, 12, false, 7.3)).toBe(whole)
  })

  it('another seed gives other noise, so that the specs above compare something', () => {
    expect(life('power', 13, false, 3_000)).not.toBe(life('power', 14, false, 3_000))
  })
})
