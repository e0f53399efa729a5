import fc from 'fast-check'
import { expect, it } from 'vitest'
import { initialTransition, type SnapshotFrom, transition } from 'xstate'
import { type ArchiveEffects, runArchive } from '../../actors/archive/live.ts'
import { archiveMachine, type ArchiveEvent } from '../../actors/archive/machine.ts'
import { Fault } from '../../protocols/rules/fault.ts'
import { Seen } from './coverage.ts'

const seen = new Seen()

function follow(events: readonly ArchiveEvent[]) {
  const [first] = initialTransition(archiveMachine)
  let state: SnapshotFrom<typeof archiveMachine> = first
  const done: string[] = []
  for (const event of events) {
    const [next, actions] = transition(archiveMachine, state, event)
    state = next
    seen.note(state.value)
    done.push(...actions.map(({ type }) => type).filter((type) => !type.startsWith('note')))
  }
  return { state, done }
}

const backUp: ArchiveEvent = { type: 'BACK_UP', folder: 'a' }
const restart: ArchiveEvent = { type: 'RESTART', folder: 'a' }
const steps: ArchiveEvent[] = [
  { type: 'SNAPSHOT_TAKEN' },
  { type: 'SIGNED' },
  { type: 'VERIFIED' },
  { type: 'ANCHORED', done: true },
]

it('anchors only what was taken, signed and read back', () => {
  const { state, done } = follow([backUp, ...steps])
  expect(state.value).toBe('idle')
  expect(state.context).toEqual({ folder: 'a', anchored: true, code: null })
  expect(done).toEqual(['takeSnapshot', 'sign', 'verify', 'anchor'])
})

it('begins a chain anew only from an archive that was checked', () => {
  expect(follow([restart, { type: 'RESTARTED' }]).state.value).toEqual({ restarting: 'verifying' })
  const { state, done } = follow([restart, { type: 'VERIFIED' }, { type: 'RESTARTED' }])
  expect(state.value).toBe('idle')
  expect(done).toEqual(['verify', 'restart'])
})

it('is idle after any fault, knows its code, and takes the next wish', () => {
  for (const before of [
    [backUp],
    [backUp, ...steps.slice(0, 1)],
    [backUp, ...steps.slice(0, 2)],
    [backUp, ...steps.slice(0, 3)],
    [restart],
  ]) {
    const { state } = follow([...before, { type: 'FAILED', code: 'archive-edited' }])
    expect(state.value).toBe('idle')
    expect(state.context.code).toBe('archive-edited')
  }
  expect(follow([backUp, { type: 'FAILED', code: 'x' }, restart]).state.context.code).toBeNull()
})

it('never restarts unchecked and never anchors unsigned, whatever comes', () => {
  const event = fc.constantFrom<ArchiveEvent>(
    ...[backUp, restart, ...steps, { type: 'RESTARTED' } as const],
    { type: 'FAILED', code: 'x' },
  )
  fc.assert(
    fc.property(fc.array(event, { maxLength: 40 }), (events) => {
      const { done } = follow(events)
      done.forEach((effect, index) => {
        if (effect === 'restart') expect(done[index - 1]).toBe('verify')
        if (effect === 'anchor')
          expect(done.slice(index - 3, index)).toEqual(['takeSnapshot', 'sign', 'verify'])
      })
    }),
  )
  expect(seen.missing(archiveMachine)).toEqual([])
})

const effects = (change: Partial<ArchiveEffects> = {}): ArchiveEffects => ({
  takeSnapshot: () => Promise.resolve(),
  sign: () => Promise.resolve(),
  verify: () => Promise.resolve(),
  anchor: () => Promise.resolve(false),
  restart: () => Promise.resolve(),
  ...change,
})

it('runs a wish to its end, and tells each state on the way', async () => {
  const states: string[] = []
  const { anchored } = await runArchive(effects(), { type: 'BACK_UP', folder: 'a' }, (state) =>
    states.push(state),
  )
  expect(anchored).toBe(false)
  expect(states.filter((state) => state !== 'idle')).toEqual([
    'snapshotting',
    'signing',
    'verifying',
    'anchoring',
  ])
})

it('throws what an effect threw, and does nothing after it', async () => {
  const done: string[] = []
  const broken = effects({
    verify: () => Promise.reject(new Fault('archive-edited', 'line 3')),
    restart: async () => void done.push('restart'),
  })
  await expect(runArchive(broken, { type: 'RESTART', folder: 'a' })).rejects.toMatchObject({
    code: 'archive-edited',
  })
  expect(done).toEqual([])
})
