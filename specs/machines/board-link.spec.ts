import { describe, expect, it } from 'vitest'
import { boardLinkMachine } from '../../actors/board-link/machine.ts'
import { decodeCommand } from '../../hardware/board/command.ts'
import { openWire } from '../../hardware/board/frame.ts'
import { codeOf } from '../../protocols/rules/fault.ts'
import { backOffMs, reportWindowMs } from '../../protocols/rules/link-timing.ts'
import { firmwareBench } from '../hardware/workbench.ts'
import { Gateway, living, seen, T } from './linked-gateway.ts'

describe('a link that is made', () => {
  it('greets, authorises and configures the board, and then follows it', async () => {
    const gateway = new Gateway()
    expect(gateway.link.state).toBe('connecting')
    await gateway.live(4_000)
    expect(gateway.link.state).toBe('live')
    expect(gateway.board.lights).toEqual({ link: true, authorised: true })
    expect(gateway.link.lights).toEqual({ link: true, authorised: true })
    expect(gateway.frames.length).toBeGreaterThanOrEqual(2)
    expect(gateway.told).toEqual([])
  })

  it('says once that the board is away, and tries again with growing pauses', async () => {
    const gateway = new Gateway({ unreachable: true })
    await gateway.live(20_000)
    expect(gateway.notices).toEqual([
      { kind: 'away', boardId: gateway.board.boardId, reason: 'connection refused' },
    ])
    const pauses = gateway.opened.slice(2).map((at, i) => at - (gateway.opened[i + 1] ?? 0))
    expect(pauses.every((pause, i) => i === 0 || pause > (pauses[i - 1] ?? 0))).toBe(true)
    expect(backOffMs(100)).toBe(30_000)
    gateway.unreachable = false
    await gateway.live(20_000)
    expect(gateway.told).toEqual(['away', 'back'])
  })

  it('closes a port that opens after it was stopped', async () => {
    const gateway = new Gateway({ held: true })
    await gateway.settle()
    gateway.link.stop()
    gateway.release()
    await gateway.settle()
    expect(gateway.lines.map((line) => line.closed)).toEqual([true])
    expect(gateway.link.state).toBe('stopped')
  })

  it('takes the number that the board expects', async () => {
    const gateway = await living()
    const again = gateway.line
    gateway.line.drop('cable pulled')
    await gateway.live(4_000)
    expect(gateway.line).not.toBe(again)
    expect(gateway.link.state).toBe('live')
    const stranger = new Gateway()
    stranger.board = gateway.board
    gateway.link.stop()
    gateway.board.onBytes((bytes) => stranger.line.hear(bytes))
    await stranger.live(4_000)
    expect(stranger.link.state).toBe('live')
  })

  it('asks three times and then opens the port anew', async () => {
    const gateway = new Gateway()
    gateway.cutToBoard = true
    await gateway.live(6_500)
    expect(gateway.lines[0]?.sent).toHaveLength(3)
    expect(gateway.notices).toMatchObject([{ kind: 'away', reason: 'no answer' }])
    gateway.cutToBoard = false
    await gateway.live(6_000)
    expect(gateway.lines).toHaveLength(2)
    expect(gateway.told).toEqual(['away', 'back'])
  })

  it('gives the line up and says why', async () => {
    const gateway = new Gateway({ refuse: true })
    await gateway.live(3_000)
    expect(gateway.notices).toMatchObject([{ kind: 'away', reason: 'not-this-board' }])
    expect(gateway.frames).toEqual([])
    gateway.link.stop()
  })

  it('does not take a late answer for that of the next step', async () => {
    const gateway = new Gateway()
    const late: Uint8Array[] = []
    gateway.waiting = late
    await gateway.live(2_500)
    gateway.waiting = null
    for (const bytes of late) gateway.line.hear(bytes)
    const asked = () =>
      gateway.line.sent.map(
        (bytes) => decodeCommand(openWire(bytes.subarray(0, bytes.length - 1))).command.name,
      )
    expect(asked()).toEqual(['hello', 'hello', 'authorise'])
    await gateway.live(3_000)
    expect(asked()).toEqual(['hello', 'hello', 'authorise', 'configure'])
    expect(gateway.link.state).toBe('live')
  })
})

describe('a link that is live', () => {
  it('hands on each valid frame with its bytes and its time', async () => {
    const gateway = await living()
    gateway.frames.length = 0
    await gateway.live(10_000)
    expect(gateway.frames.length).toBeGreaterThanOrEqual(9)
    const window = reportWindowMs(T)
    gateway.frames.slice(1).forEach((received, i) => {
      const before = gateway.frames[i]
      if (before === undefined) return
      expect(received.frame.sequence).toBe(before.frame.sequence + 1)
      expect(received.receivedAtMs - before.receivedAtMs).toBe(window)
    })
    expect(gateway.frames[0]?.bytes).toHaveLength(16 + 4 + 16)
    expect(gateway.link.counts.reports).toBeGreaterThanOrEqual(gateway.frames.length)
  })

  it('counts what it cannot read and hands nothing of it on', async () => {
    const gateway = await living()
    gateway.frames.length = 0
    gateway.line.hear(Uint8Array.of(9, 9, 9, 0, 1, 2, 3, 0, 0))
    gateway.line.hear(new Uint8Array(5_000).fill(7))
    gateway.line.hear(Uint8Array.of(0))
    const foreign = firmwareBench('comfort').authorise().heard.raw
    gateway.line.hear(Uint8Array.from(foreign))
    expect(gateway.frames).toHaveLength(0)
    const bad = Object.values(gateway.link.counts.bad).reduce((sum, count) => sum + count, 0)
    expect(bad).toBeGreaterThanOrEqual(3)
    await gateway.live(2_000)
    expect(gateway.frames.length).toBeGreaterThan(0)
  })

  it('is stale, says so once, and says once that the board is back', async () => {
    const gateway = await living()
    gateway.cutFromBoard = true
    await gateway.live(3 * T - 1_000)
    expect(gateway.told).toEqual([])
    await gateway.live(1_500)
    expect(gateway.link.state).toBe('stale')
    expect(gateway.told).toEqual(['away'])
    gateway.cutFromBoard = false
    await gateway.live(2_000)
    expect(gateway.told).toEqual(['away', 'back'])
    expect(gateway.link.state).toBe('live')
    expect(gateway.lines).toHaveLength(1)
  })

  it('opens the port anew after as long again', async () => {
    const gateway = await living()
    gateway.cutFromBoard = true
    gateway.cutToBoard = true
    await gateway.live(6 * T + 1_000)
    expect(gateway.lines).toHaveLength(2)
    gateway.replaceBoard()
    gateway.cutFromBoard = false
    gateway.cutToBoard = false
    await gateway.live(12_000)
    expect(gateway.link.state).toBe('live')
    expect(gateway.told).toEqual(['away', 'back'])
  })

  it('connects again by itself', async () => {
    const gateway = await living()
    for (let i = 0; i < 3; i++) {
      gateway.line.drop('cable pulled')
      await gateway.live(100)
      expect(gateway.link.state).toBe('absent')
      await gateway.live(4_000)
      expect(gateway.link.state).toBe('live')
    }
    expect(gateway.told).toEqual(['away', 'back', 'away', 'back', 'away', 'back'])
  })

  it('greets the board from time to time', async () => {
    const gateway = await living()
    await gateway.live(65_000)
    expect(gateway.board.lights.link).toBe(true)
    expect(gateway.line.sent.length).toBeLessThan(10)
  })

  it('switches relay and valve, and tells what the board answered', async () => {
    const gateway = await living('power')
    const opened = gateway.link.relay(false)
    await gateway.live(500)
    await opened
    expect(gateway.board.conducting).toBe(false)
    const closed = gateway.link.relay(true)
    await gateway.live(500)
    await closed
    expect(gateway.board.conducting).toBe(true)
    const wrong = gateway.link.valve(true).catch(codeOf)
    await gateway.live(500)
    expect(await wrong).toBe('board-refused')
    gateway.cutToBoard = true
    const lost = gateway.link.relay(false).catch(codeOf)
    await gateway.live(2_500)
    expect(await lost).toBe('no-answer')
  })

  it('refuses to switch a board that is away', async () => {
    const gateway = new Gateway({ unreachable: true })
    await gateway.live(1_000)
    expect(await gateway.link.relay(true).catch(codeOf)).toBe('board-away')
  })
})

describe('a calibration', () => {
  const calibration = { channel: 0, gainPpm: 1_010_000, offset: 5 }

  it('calibrates and follows the board again', async () => {
    const gateway = await living()
    gateway.link.calibrate(calibration)
    expect(gateway.link.state).toBe('calibrating')
    seen.note(gateway.link.state)
    await gateway.live(2_500)
    expect(gateway.notices).toMatchObject([{ kind: 'calibrated', calibration }])
    expect(gateway.link.state).toBe('live')
    expect(gateway.frames.at(-1)?.frame.calibrated).toBe(true)
  })

  it('says that the board refused a calibration', async () => {
    const gateway = await living()
    gateway.link.calibrate({ ...calibration, channel: 7 })
    await gateway.live(1_000)
    expect(gateway.notices).toMatchObject([{ kind: 'calibration-failed', reason: 'bad-argument' }])
    expect(gateway.link.state).toBe('live')
  })

  it('gives a calibration up after three tries', async () => {
    const gateway = await living()
    gateway.cutToBoard = true
    const before = gateway.line.sent.length
    gateway.link.calibrate(calibration)
    await gateway.live(6_500)
    expect(gateway.line.sent.length - before).toBe(3)
    expect(gateway.notices).toMatchObject([{ kind: 'calibration-failed', reason: 'no answer' }])
  })

  it('says that a calibration was cut off', async () => {
    const gateway = await living()
    gateway.cutToBoard = true
    gateway.link.calibrate(calibration)
    gateway.line.drop('cable pulled')
    await gateway.live(100)
    expect(gateway.told).toEqual(['calibration-failed', 'away'])
  })
})

describe('a link that is stopped', () => {
  it('closes the port and does nothing more', async () => {
    const gateway = await living()
    gateway.link.stop()
    expect(gateway.line.closed).toBe(true)
    await gateway.live(10_000)
    expect(gateway.link.state).toBe('stopped')
    expect(gateway.lines).toHaveLength(1)
    expect(gateway.told).toEqual([])
  })
})

describe('all of it', () => {
  it('was in every state', () => {
    const states = new Set(seen.missing(boardLinkMachine).map((state) => state.split('.')[0]))
    states.delete('authorising')
    states.delete('lost')
    expect([...states]).toEqual([])
  })
})
