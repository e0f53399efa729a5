import { codeOf, Fault, messageOf } from '../../protocols/rules/fault.ts'

/** Faults of what was typed, or of a file that was named and is not what it should be. */
const USAGE: ReadonlySet<string> = new Set([
  'bad-field',
  'bad-fault',
  'bad-profile',
  'profiles-missing',
  'too-many-homes',
  'no-invite',
])
const FAILED = 1
const WRONG_WORDS = 2
/** What a shell answers for a process that a signal ended. */
const STOPPED = { SIGINT: 130, SIGTERM: 143 } as const

type StopSignal = keyof typeof STOPPED

const isStopSignal = (text: unknown): text is StopSignal => text === 'SIGINT' || text === 'SIGTERM'

/** 2 for wrong words, 130 or 143 for a stop before the end, 1 for any other fault. */
export function exitCodeOf(thrown: unknown): number {
  if (USAGE.has(codeOf(thrown))) return WRONG_WORDS
  const signal = thrown instanceof Fault && thrown.code === 'interrupted' ? thrown.facts.signal : null
  return isStopSignal(signal) ? STOPPED[signal] : FAILED
}

/** Ends the process with the outcome of a command: 0, or the exit code of a fault told in one line. */
export async function ending(command: string, work: Promise<void>): Promise<never> {
  try {
    await work
    process.exit(0)
  } catch (thrown) {
    console.error(`${command}: ${messageOf(thrown)}`)
    process.exit(exitCodeOf(thrown))
  }
}

/** Resolves when somebody asks this process to stop. */
export function untilAskedToStop(): Promise<void> {
  return untilAborted(stopAsked())
}

/** Resolves when the signal aborts. */
export function untilAborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve(), { once: true })
  })
}

/**
 * Aborts when somebody asks this process to stop, with the fault `interrupted`; asking again changes nothing.
 */
export function stopAsked(): AbortSignal {
  const stop = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      stop.abort(new Fault('interrupted', `stopped before its end by ${signal}`, { signal }))
    })
  }
  return stop.signal
}
