import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { openStore, type Store } from '../../actors/storage/store.ts'
import { wallClock } from '../../bin/clock.ts'
import { openCalibrationBook, type CalibrationBook } from '../../bin/host/calibration-book.ts'
import { connectBoards, type HomeBoards } from '../../bin/host/home-boards.ts'
import { createBoardHost, type BoardHost } from '../../hardware/board/host.ts'
import { defaultProfilesFolder } from '../../hardware/board/firmware-files.ts'
import { loadProfiles } from '../../hardware/board/profiles.ts'
import type { Quantity } from '../../protocols/rules/calibration.ts'
import { codeOf } from '../../protocols/rules/fault.ts'
import { LINK_KEY, identityOf } from '../hardware/workbench.ts'

const SAMPLE_MS = 1_000
const POWER = identityOf('power', 71)
const COMFORT = identityOf('comfort', 72)

let folder = ''
let store: Store
let host: BoardHost
let book: CalibrationBook
let boards: HomeBoards

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'meterhood-calibration-'))
  store = await openStore({ file: join(folder, 'gateway.sqlite') })
  host = await createBoardHost({
    mode: 'firmware',
    homes: [{ number: 1, boards: [POWER, COMFORT] }],
    profiles: await loadProfiles(defaultProfilesFolder()),
    sampleMs: SAMPLE_MS,
    clock: wallClock,
  })
  await connect()
})

afterAll(async () => {
  boards.stop()
  await host.close()
  await store.close()
  await rm(folder, { recursive: true, force: true })
})

/** The links of a gateway that has just started. */
async function connect(): Promise<void> {
  book = await openCalibrationBook(store, [POWER.boardId, COMFORT.boardId])
  boards = connectBoards({
    boards: host.boards.map(({ kind, boardId, host: name, port }) => ({
      kind,
      boardId,
      linkKey: LINK_KEY,
      at: { host: name, port },
    })),
    sampleMs: SAMPLE_MS,
    calibrations: book,
    onFrame: () => undefined,
    onNotice: () => undefined,
  })
  await vi.waitFor(() => expect(boards.views().every(({ link }) => link === 'live')).toBe(true), {
    timeout: 40_000,
  })
  await vi.waitFor(() => expect(shown('voltage').measured).not.toBeNull(), { timeout: 40_000 })
}

function shown(quantity: Quantity) {
  const found = boards.views().flatMap(({ calibration }) => calibration)
  const channel = found.find((each) => each.quantity === quantity)
  if (channel === undefined) throw new Error(`no board shows ${quantity}`)
  return channel
}

const measured = (quantity: Quantity): number => shown(quantity).measured ?? 0

async function refusal(work: Promise<void>): Promise<string> {
  return work.then(() => 'done', codeOf)
}

describe('a board with the real firmware', () => {
  it('shows what the reference shows once calibrated, and is as it was when set back', async () => {
    const before = measured('voltage')
    const reference = Math.round(before * 1.02)
    await boards.calibrate('power', 'voltage', reference)
    expect(shown('voltage')).toMatchObject({ offset: 0 })
    expect(shown('voltage').atMs).not.toBeNull()
    expect(shown('voltage').gainPpm).toBe(Math.round((1_000_000 * reference) / before))
    // The mains of the emulated world is steady to a hundredth of this step.
    await vi.waitFor(() => expect(measured('voltage')).toBeGreaterThan(before * 1.015), { timeout: 20_000 })
    await boards.calibrate('power', 'voltage', null)
    expect(shown('voltage')).toMatchObject({ gainPpm: 1_000_000, offset: 0 })
    await vi.waitFor(() => expect(measured('voltage')).toBeLessThan(before * 1.005), { timeout: 20_000 })
  }, 90_000)

  it('takes an offset where it has no gain', async () => {
    const before = measured('temperature')
    await boards.calibrate('comfort', 'temperature', before - 150)
    expect(shown('temperature').offset).toBe(-150)
    await vi.waitFor(() => expect(measured('temperature')).toBeLessThan(before - 100), { timeout: 20_000 })
  }, 60_000)

  it('is told one thing at a time', async () => {
    const first = boards.calibrate('power', 'voltage', null)
    expect(await refusal(boards.calibrate('power', 'current', null))).toBe('calibrating-already')
    await first
  }, 60_000)

  it('keeps its setting when the gateway starts again', async () => {
    boards.stop()
    await connect()
    expect(shown('temperature')).toMatchObject({ offset: -150 })
  }, 90_000)

  it('is not guessed about: when the gateway died before the answer, it must be set back first', async () => {
    await book.begin(POWER.boardId, 'voltage', { gainPpm: 1_100_000, offset: 0 }, 1)
    boards.stop()
    await connect()
    expect(shown('voltage')).toMatchObject({ gainPpm: null, offset: null })
    expect(await refusal(boards.calibrate('power', 'voltage', 230_000))).toBe('calibration-unknown')
    await boards.calibrate('power', 'voltage', null)
    expect(shown('voltage')).toMatchObject({ gainPpm: 1_000_000, offset: 0 })
  }, 90_000)

  it('is away when its link is, and what held before still holds', async () => {
    host.cut(1, 'comfort', 'link')
    await vi.waitFor(() => expect(boards.views().at(-1)?.link).not.toBe('live'), { timeout: 20_000 })
    expect(await refusal(boards.calibrate('comfort', 'temperature', 2_000))).toBe('board-away')
    expect(shown('temperature')).toMatchObject({ offset: -150 })
    expect(await refusal(boards.calibrate('water', 'voltage', 1))).toBe('board-away')
  }, 60_000)
})
