import { createActor, type ActorRefFrom } from 'xstate'
import { codeOf } from '../../protocols/rules/fault.ts'
import { archiveMachine, type ArchiveEvent } from './machine.ts'

/** What the archive does; each is done over from its beginning after a crash. */
export interface ArchiveEffects {
  takeSnapshot(folder: string): Promise<void>
  sign(folder: string): Promise<void>
  verify(folder: string): Promise<void>
  /** Whether the chain names the archive now. */
  anchor(folder: string): Promise<boolean>
  restart(folder: string): Promise<void>
}

export type ArchiveActor = ActorRefFrom<typeof archiveMachine>

/** What was asked of the archive. */
export type ArchiveWish = Extract<ArchiveEvent, { type: 'BACK_UP' | 'RESTART' }>

/**
 * Runs one wish through the machine and resolves when it is idle again; throws what an effect threw.
 * `onState` is told each state on the way.
 */
export function runArchive(
  effects: ArchiveEffects,
  wish: ArchiveWish,
  onState: (state: string) => void = () => undefined,
): Promise<{ anchored: boolean | null }> {
  return new Promise((resolve, reject) => {
    const doing = (work: (folder: string) => Promise<ArchiveEvent>) => () => {
      work(wish.folder).then(
        (event) => actor.send(event),
        (thrown: unknown) => {
          reject(thrown instanceof Error ? thrown : new Error(String(thrown)))
          actor.send({ type: 'FAILED', code: codeOf(thrown) })
        },
      )
    }
    const actor: ArchiveActor = createActor(
      archiveMachine.provide({
        actions: {
          takeSnapshot: doing(async (folder) => {
            await effects.takeSnapshot(folder)
            return { type: 'SNAPSHOT_TAKEN' }
          }),
          sign: doing(async (folder) => {
            await effects.sign(folder)
            return { type: 'SIGNED' }
          }),
          verify: doing(async (folder) => {
            await effects.verify(folder)
            return { type: 'VERIFIED' }
          }),
          anchor: doing(async (folder) => ({ type: 'ANCHORED', done: await effects.anchor(folder) })),
          restart: doing(async (folder) => {
            await effects.restart(folder)
            return { type: 'RESTARTED' }
          }),
        },
      }),
    )
    let begun = false
    actor.subscribe((snapshot) => {
      const { value, context } = snapshot
      onState(typeof value === 'string' ? value : 'restarting')
      if (snapshot.matches('idle') && begun) {
        actor.stop()
        resolve({ anchored: context.anchored })
      }
      begun ||= !snapshot.matches('idle')
    })
    actor.start()
    actor.send(wish)
  })
}
