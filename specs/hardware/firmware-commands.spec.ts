import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { encodeCommand } from '../../hardware/board/command.ts'
import { closeWire, openWire, signFrame } from '../../hardware/board/frame.ts'
import { EEPROM_BYTES, eepromImage } from '../../hardware/board/identity.ts'
import { verifyBoardMac } from '../../hardware/board/mac.ts'
import { LINK_KEY, RECORD_KEY, firmwareBench, identityOf, last } from './workbench.ts'

const ID = identityOf('power').boardId

describe('a board speaks reports only to a gateway that authorised it', () => {
  it('it is silent until authorised, then reports each window, and is silent again when withdrawn', () => {
    const bench = firmwareBench('power')
    bench.live(5)
    expect(bench.heard.raw).toEqual([])
    expect(bench.board.lights).toEqual({ link: false, authorised: false })
    bench.authorise(1000)
    expect(bench.board.lights).toEqual({ link: true, authorised: true })
    bench.live(5)
    expect(bench.heard.reports).toHaveLength(5)
    bench.tell({ name: 'authorise', authorised: false })
    expect(bench.board.lights).toEqual({ link: true, authorised: false })
    bench.live(5)
    expect(bench.heard.reports).toHaveLength(5)
  })

  it('the link light goes out a minute after the last command', () => {
    const bench = firmwareBench('comfort')
    bench.tell({ name: 'hello' })
    bench.live(55)
    expect(bench.board.lights.link).toBe(true)
    bench.live(6)
    expect(bench.board.lights.link).toBe(false)
  })

  it('sequence and uptime of its frames rise, and reports come at the window that was asked for', () => {
    const bench = firmwareBench('comfort').authorise(1200)
    bench.live(12)
    const frames = bench.heard.reports
    for (const [before, after] of frames.slice(1).map((frame, at) => [frames[at], frame] as const)) {
      expect(after.sequence - (before?.sequence ?? 0)).toBe(1)
      expect(Math.abs(after.uptimeMs - (before?.uptimeMs ?? 0) - 1200)).toBeLessThanOrEqual(10)
    }
  })

  it('a board that was never commissioned answers nobody', () => {
    const erased = firmwareBench('power', {}, { eeprom: new Uint8Array(EEPROM_BYTES).fill(0xff) })
    const torn = eepromImage(identityOf('power'))
    torn[40] = (torn[40] ?? 0) ^ 1
    for (const bench of [erased, firmwareBench('power', {}, { eeprom: torn })]) {
      bench.authorise(400)
      bench.live(2)
      expect(bench.heard.raw).toEqual([])
    }
  })
})

describe('commands', () => {
  it('each is answered with its number and its status, under the link key', () => {
    const bench = firmwareBench('water')
    bench.tell({ name: 'hello' }, 41)
    expect(bench.heard.lastAnswer).toMatchObject({
      answers: 'hello',
      kind: 'water',
      commandSequence: 41,
      lastCommandSequence: 41,
      status: 'done',
      firmware: 1,
      windowMs: 2000,
    })
    const bytes = openWire(Uint8Array.from(bench.heard.raw).subarray(0, -1))
    expect(verifyBoardMac(LINK_KEY, bytes)).toBe(true)
  })

  it('a command that was heard before is refused as replayed, and changes nothing', () => {
    const bench = firmwareBench('power')
    const open = encodeCommand(ID, 5, { name: 'relay', closed: false }, LINK_KEY)
    bench.board.receive(open)
    bench.live(0.2)
    bench.tell({ name: 'relay', closed: true }, 6)
    bench.board.receive(open)
    bench.live(0.2)
    expect(bench.heard.lastAnswer).toMatchObject({
      status: 'replayed',
      commandSequence: 5,
      lastCommandSequence: 6,
    })
    expect(bench.board.conducting).toBe(true)
  })

  it('a replay after a restart is refused as well: the number is kept in the EEPROM', () => {
    const first = firmwareBench('power')
    first.tell({ name: 'authorise', authorised: true }, 100)
    const again = firmwareBench('power', {}, { eeprom: first.board.eeprom })
    again.tell({ name: 'authorise', authorised: true }, 100)
    expect(again.heard.lastAnswer).toMatchObject({ status: 'replayed', lastCommandSequence: 100 })
    again.tell({ name: 'authorise', authorised: true }, 101)
    expect(again.heard.lastAnswer.status).toBe('done')
  })

  it('a forged command is passed over in silence: wrong key, other board, changed byte', () => {
    const bench = firmwareBench('power')
    const honest = encodeCommand(ID, 3, { name: 'relay', closed: false }, LINK_KEY)
    const changed = openWire(honest.subarray(0, -1))
    changed[16] = (changed[16] ?? 0) ^ 1
    for (const forged of [
      encodeCommand(ID, 1, { name: 'relay', closed: false }, RECORD_KEY),
      encodeCommand(ID + 1, 2, { name: 'relay', closed: false }, LINK_KEY),
      closeWire(changed),
    ]) {
      bench.board.receive(forged)
      bench.live(0.2)
    }
    expect(bench.heard.raw).toEqual([])
    expect(bench.board.conducting).toBe(true)
    expect(bench.board.lights.link).toBe(false)
  })

  it('what a board cannot do is answered so', () => {
    const bench = firmwareBench('comfort')
    bench.tell({ name: 'relay', closed: false })
    expect(bench.heard.lastAnswer.status).toBe('not-this-board')
    bench.tell({ name: 'calibrate', channel: 7, gainPpm: 1_000_000, offset: 0 })
    expect(bench.heard.lastAnswer.status).toBe('bad-argument')
    const header = { type: 0x45, boardId: ID, sequence: 50, uptimeMs: 0, flags: 0 }
    for (const body of [Uint8Array.of(0, 1), Uint8Array.of(0xff, 0xff), Uint8Array.of(4)]) {
      bench.board.receive(closeWire(signFrame({ ...header, sequence: header.sequence++ }, body, LINK_KEY)))
      bench.live(0.2)
      expect(bench.heard.lastAnswer.status).toBe('bad-argument')
    }
  })

  it('several in one breath are all obeyed', () => {
    const bench = firmwareBench('power')
    const said = [1, 2, 3].map((n) =>
      encodeCommand(ID, n, { name: 'configure', windowMs: 400 + n }, LINK_KEY),
    )
    bench.board.receive(Uint8Array.from(said.flatMap((bytes) => [...bytes])))
    bench.live(0.5)
    expect(bench.heard.answers.map(({ windowMs }) => windowMs)).toEqual([401, 402, 403])
  })
})

describe('calibration', () => {
  it('a gain corrects the channel, is marked in every frame, and outlives a restart', () => {
    const bench = firmwareBench('power', { amperes: 10 }).authorise(800)
    bench.live(2)
    expect(last(bench.heard.reports).calibrated).toBe(false)
    bench.tell({ name: 'calibrate', channel: 1, gainPpm: 1_100_000, offset: 0 })
    bench.live(3)
    const frame = last(bench.heard.reportsOf('power'))
    expect(frame.calibrated).toBe(true)
    expect(Math.abs(frame.powerW - 2530)).toBeLessThan(25)
    expect(Math.abs(frame.currentMa - 11_000)).toBeLessThan(110)
    const again = firmwareBench('power', { amperes: 10 }, { eeprom: bench.board.eeprom })
    again.tell({ name: 'authorise', authorised: true }, 1000)
    again.live(4)
    const after = last(again.heard.reportsOf('power'))
    expect(after.calibrated).toBe(true)
    expect(Math.abs(after.powerW - 2530)).toBeLessThan(25)
  })

  it('an offset shifts the power', () => {
    const bench = firmwareBench('power', { amperes: 10 }).authorise(800)
    bench.tell({ name: 'calibrate', channel: 2, gainPpm: 1_000_000, offset: 50_000 })
    bench.live(3)
    expect(Math.abs(last(bench.heard.reportsOf('power')).powerW - 2350)).toBeLessThan(24)
  })
})

describe('garbage on the wire', () => {
  it('never stops the firmware, moves its relay or authorises it; it goes on reporting and obeying', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), fc.integer({ min: 1, max: 5 }), (garbage, times) => {
        const bench = firmwareBench('comfort').authorise(400)
        for (let time = 0; time < times; time++) {
          bench.board.receive(garbage)
          bench.live(0.1)
        }
        bench.board.receive(Uint8Array.of(0))
        bench.tell({ name: 'hello' })
        expect(bench.heard.lastAnswer.answers).toBe('hello')
        const before = bench.heard.reports.length
        bench.live(1)
        expect(bench.heard.reports.length).toBeGreaterThan(before)
        expect(bench.heard.bad).toEqual([])
      }),
      { numRuns: 25 },
    )
  })

  it('nor do frames whose COBS and CRC are right but whose inside is anything', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ minLength: 1, maxLength: 44 }), { maxLength: 8 }), (frames) => {
        const bench = firmwareBench('comfort')
        for (const inside of frames) {
          bench.board.receive(closeWire(inside))
          bench.live(0.05)
        }
        expect(bench.heard.raw).toEqual([])
        bench.tell({ name: 'hello' })
        expect(bench.heard.lastAnswer.status).toBe('done')
      }),
      { numRuns: 25 },
    )
  })
})
