import { fork, type ChildProcess } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { Fault, messageOf, type Facts } from '../../protocols/rules/fault.ts'

/** One request over a process's IPC channel, and its answer. */
interface Request {
  readonly id: number
  readonly ask: string
  readonly body: unknown
}
type Answer = { readonly id: number } & ({ readonly body: unknown } | { readonly fault: SentFault })
interface SentFault {
  readonly code: string
  readonly message: string
  readonly facts: Facts
}

const isRequest = (message: unknown): message is Request =>
  typeof message === 'object' && message !== null && 'ask' in message && 'id' in message

const isAnswer = (message: unknown): message is Answer =>
  typeof message === 'object' && message !== null && !('ask' in message) && 'id' in message

/** The command's own entry file, compiled or not; children run the same one. */
const ENTRY = fileURLToPath(
  new URL(import.meta.url.endsWith('.ts') ? '../meterhood.ts' : '../meterhood.js', import.meta.url),
)
const FROM_SOURCE = import.meta.url.endsWith('.ts')

/**
 * The community gateway runs for years on a small machine. With this ceiling V8 lets the old generation grow
 * by less than half between two collections, not to three times what lives (80 MB with forty homes). A
 * smaller young generation saves 20 MB more and costs a second at the 99th percentile: it stays as it is.
 */
const HEAPS: Readonly<Record<string, readonly string[]>> = {
  'host-community': ['--max-old-space-size=512'],
}

/**
 * glibc keeps an arena of freed memory for each thread, eight a core; the community gateway's pool, disk and
 * crypto threads leave some 30 MB in them. Two are enough: none of these threads allocates all the time.
 */
const ALLOCATORS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'host-community': { MALLOC_ARENA_MAX: '2' },
}

/** A process of ours that answers questions until it ends. */
export interface Child {
  readonly name: string
  readonly pid: number
  readonly ask: (question: string, body?: unknown) => Promise<unknown>
  signal(signal: NodeJS.Signals): void
  /** Resolves when the process is gone. */
  readonly ended: Promise<{ code: number | null; signal: NodeJS.Signals | null }>
}

interface Waiting {
  resolve(value: unknown): void
  reject(reason: unknown): void
}

function settle(waiting: Map<number, Waiting>, answer: Answer): void {
  const caller = waiting.get(answer.id)
  waiting.delete(answer.id)
  if ('fault' in answer)
    caller?.reject(new Fault(answer.fault.code, answer.fault.message, answer.fault.facts))
  else caller?.resolve(answer.body)
}

function watchEnd(name: string, process: ChildProcess, waiting: Map<number, Waiting>): Child['ended'] {
  return new Promise((resolve) => {
    process.once('exit', (code, signal) => {
      for (const caller of waiting.values()) {
        caller.reject(new Fault('process-ended', `${name} ended before it answered (see its log)`, { name }))
      }
      waiting.clear()
      resolve({ code, signal })
    })
  })
}

/** Starts `meterhood COMMAND` as a child with an IPC channel; its output goes where ours goes. */
export function startChild(name: string, command: string): Child {
  const child = fork(ENTRY, [command], {
    execArgv: [...(HEAPS[command] ?? []), ...(FROM_SOURCE ? ['--import', 'tsx'] : [])],
    env: { ...ALLOCATORS[command], ...process.env },
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    serialization: 'advanced',
  })
  const waiting = new Map<number, Waiting>()
  let questions = 0
  child.on('message', (message) => {
    if (isAnswer(message)) settle(waiting, message)
  })
  return {
    name,
    pid: child.pid ?? 0,
    ended: watchEnd(name, child, waiting),
    signal: (signal) => {
      child.kill(signal)
    },
    ask: (question, body) =>
      new Promise((resolve, reject) => {
        questions += 1
        waiting.set(questions, { resolve, reject })
        const request: Request = { id: questions, ask: question, body }
        child.send(request, (error) => {
          if (error === null) return
          waiting.delete(request.id)
          reject(new Fault('process-gone', `${name} cannot be reached: ${error.message}`, { name }))
        })
      }),
  }
}

/** Answers a parent's questions by name; a throw becomes a fault in the answer. */
export function answerParent(answers: Readonly<Record<string, (body: unknown) => unknown>>): void {
  process.on('message', (message) => {
    if (isRequest(message)) void answerOne(answers, message)
  })
  const leave = (): never => process.exit(0)
  process.once('disconnect', leave)
  // It may have gone while this process was still loading.
  if (!process.connected) leave()
}

async function answerOne(
  answers: Readonly<Record<string, (body: unknown) => unknown>>,
  request: Request,
): Promise<void> {
  try {
    const answer = answers[request.ask]
    if (answer === undefined) throw new Fault('unknown-question', `nobody here answers "${request.ask}"`)
    process.send?.({ id: request.id, body: await answer(request.body) })
  } catch (error) {
    const fault: SentFault =
      error instanceof Fault
        ? { code: error.code, message: error.message, facts: error.facts }
        : {
            code: 'unexpected',
            message: messageOf(error),
            facts: { stack: error instanceof Error ? (error.stack ?? null) : null },
          }
    process.send?.({ id: request.id, fault })
  }
}
