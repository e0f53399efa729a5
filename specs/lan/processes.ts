import { spawn, type ChildProcess } from 'node:child_process'
import { appendFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { Fault, messageOf } from '../../protocols/rules/fault.ts'
import type { Host } from './network.ts'

const ENTRY = fileURLToPath(new URL('../../dist/bin/meterhood.js', import.meta.url))
const AGENT = fileURLToPath(new URL('agent.ts', import.meta.url))
const LAST_WORDS = 600

/** A process on a host of the LAN. */
export interface Hosted {
  readonly pid: number
  /** What it has printed so far. */
  said(): string
  /** Resolves once it has printed a line that matches. Fault: `lan-process` when it ends before. */
  printed(pattern: RegExp, limitMs: number): Promise<RegExpExecArray>
  kill(signal: NodeJS.Signals): Promise<void>
  isAlive(): boolean
  /** Its exit code; null when a signal ended it. */
  readonly ended: Promise<number | null>
}

/** Runs `meterhood …` on a host; its words go to a file, too. */
export function meterhoodOn(host: Host, logFile: string, args: readonly string[]): Hosted {
  const [program, whole] = host.command(process.execPath, [ENTRY, ...args])
  return hosted(`${host.name}: ${args.join(' ')}`, spawn(program, whole, pipes()), logFile)
}

const pipes = () => ({ stdio: ['ignore', 'pipe', 'pipe'] as ['ignore', 'pipe', 'pipe'] })

function hosted(name: string, child: ChildProcess, logFile: string): Hosted {
  let text = ''
  let alive = true
  const listeners = new Set<() => void>()
  const hear = (chunk: Buffer): void => {
    text += chunk.toString()
    appendFileSync(logFile, chunk)
    for (const listener of listeners) listener()
  }
  child.stdout?.on('data', hear)
  child.stderr?.on('data', hear)
  const ended = new Promise<number | null>((resolve) => {
    const done = (code: number | null): void => {
      alive = false
      resolve(code)
      for (const listener of listeners) listener()
    }
    child.once('exit', done)
    child.once('error', () => done(null))
  })
  const printed = (pattern: RegExp, limitMs: number): Promise<RegExpExecArray> =>
    new Promise((resolve, reject) => {
      const forget = (): void => {
        clearTimeout(timer)
        listeners.delete(look)
      }
      const fail = (why: string): void => {
        forget()
        const words = text.slice(-LAST_WORDS)
        reject(
          new Fault('lan-process', `${name}: ${why} before it printed ${pattern.source}: ${words}`, { name }),
        )
      }
      const timer = setTimeout(() => fail(`${limitMs} ms went by`), limitMs)
      const look = (): void => {
        const found = pattern.exec(text)
        if (found !== null) {
          forget()
          resolve(found)
        } else if (!alive) fail('it ended')
      }
      listeners.add(look)
      look()
    })
  return {
    pid: child.pid ?? 0,
    said: () => text,
    printed,
    kill: async (signal) => {
      if (alive) child.kill(signal)
      await ended
    },
    isAlive: () => alive,
    ended,
  }
}

/** What answers of a host's own loopback. */
export interface Agent {
  ask(question: string, body: unknown): Promise<unknown>
  stop(): Promise<void>
}

interface Waiting {
  resolve(value: unknown): void
  reject(reason: unknown): void
}

interface Answer {
  readonly id: number
  readonly body?: unknown
  readonly fault?: { readonly code: string; readonly message: string }
}

const isAnswer = (message: unknown): message is Answer =>
  typeof message === 'object' && message !== null && 'id' in message

/** Starts the spec's own hand on a host. */
export function agentOn(host: Host): Agent {
  const [program, args] = host.command(process.execPath, ['--import', 'tsx', AGENT])
  const child = spawn(program, args, {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    serialization: 'advanced',
  })
  const waiting = new Map<number, Waiting>()
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  child.on('message', (message) => {
    if (!isAnswer(message)) return
    const asker = waiting.get(message.id)
    waiting.delete(message.id)
    const { fault } = message
    if (fault === undefined) asker?.resolve(message.body)
    else asker?.reject(new Fault(fault.code, `${host.name}: ${fault.message}`, {}))
  })
  let last = 0
  return {
    ask: (question, body) =>
      new Promise((resolve, reject) => {
        last += 1
        waiting.set(last, { resolve, reject })
        child.send({ id: last, ask: question, body }, (error) => {
          if (error !== null) reject(new Fault('lan-process', `${host.name}: ${messageOf(error)}`, {}))
        })
      }),
    stop: async () => {
      child.kill('SIGTERM')
      await ended
    },
  }
}
