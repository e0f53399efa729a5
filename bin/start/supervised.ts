import { setTimeout as sleep } from 'node:timers/promises'
import { startChild, type Child } from './child.ts'
import { Fault } from '../../protocols/rules/fault.ts'

/** How long a node that was killed stays away. */
export const RESTART_AFTER_MS = 1_000

/** A gateway process that is started again when it was killed on purpose. */
export interface Supervised {
  readonly name: string
  ask(question: string, body?: unknown): Promise<unknown>
  /** SIGKILL now, a fresh process after one second that opens the same data folder. */
  kill(): Promise<void>
  signal(signal: NodeJS.Signals): void
  close(): Promise<void>
}

export interface SupervisedOptions {
  readonly name: string
  readonly command: string
  /** A process started ahead of time, so that it loads its modules while others work. */
  readonly ready?: Child
  /** Asked of every fresh process, first thing. */
  readonly open: (ask: Child['ask']) => Promise<void>
  /** Told when the process ends and nobody asked it to. */
  readonly onDeath: (fault: Fault) => void
}

/**
 * Starts a process, opens it, and keeps it: an unasked end is reported, an asked kill is followed by a
 * restart.
 */
export async function supervise(options: SupervisedOptions): Promise<Supervised> {
  let closing = false
  let killing = false
  let killed: Promise<void> = Promise.resolve()
  let child = options.ready ?? startChild(options.name, options.command)
  const watch = (watched: Child): void => {
    void watched.ended.then(({ code, signal }) => {
      if (closing || killing) return
      const how = signal === null ? `exit code ${code ?? 'unknown'}` : signal
      options.onDeath(
        new Fault('gateway-died', `${options.name} died unasked (${how}); see its log`, {
          name: options.name,
        }),
      )
    })
  }
  watch(child)
  await options.open(child.ask)
  return {
    name: options.name,
    ask: (question, body) => child.ask(question, body),
    signal: (signal) => child.signal(signal),
    kill: () => {
      // A second kill waits for the process that the first one brought back.
      killed = killed.then(async () => {
        killing = true
        child.signal('SIGKILL')
        await child.ended
        await sleep(RESTART_AFTER_MS)
        child = startChild(options.name, options.command)
        killing = false
        watch(child)
        await options.open(child.ask)
      })
      return killed
    },
    async close() {
      closing = true
      child.signal('SIGCONT')
      await Promise.race([child.ask('close').catch(() => undefined), sleep(5_000)])
      child.signal('SIGTERM')
      const done = await Promise.race([child.ended.then(() => true), sleep(3_000).then(() => false)])
      if (!done) child.signal('SIGKILL')
      await child.ended
    },
  }
}
