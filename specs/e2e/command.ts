import { spawn, type ChildProcess } from 'node:child_process'
import { fileURLToPath } from 'node:url'

const ENTRY = fileURLToPath(new URL('../../dist/bin/meterhood.js', import.meta.url))

/** How a run of the command ended. */
export interface Ended {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

/** A command that goes on until it is told to stop. */
export interface Ongoing {
  /** Resolves with what it printed once that holds `text`; rejects when it ends before. */
  printed(text: string): Promise<string>
  /** Ctrl+C, and its end. */
  interrupt(): Promise<Ended>
  readonly ended: Promise<Ended>
}

/** Runs `meterhood …` as users get it, as a process of its own and waits for its end. */
export function meterhood(...flags: string[]): Promise<Ended> {
  return endOf(launch(flags)).ended
}

/** Runs `meterhood …` as users get it, as a process of its own, which goes on. */
export function ongoing(...flags: string[]): Ongoing {
  const child = launch(flags)
  const { ended, said } = endOf(child)
  return {
    printed: (text) =>
      new Promise((resolve, reject) => {
        const look = (): void => {
          if (said.stdout.includes(text)) resolve(said.stdout)
        }
        child.stdout?.on('data', look)
        ended.then(
          ({ stderr }) => reject(new Error(`it ended before it printed "${text}": ${stderr}`)),
          reject,
        )
        look()
      }),
    interrupt: () => {
      child.kill('SIGINT')
      return ended
    },
    ended,
  }
}

function launch(flags: readonly string[]): ChildProcess {
  return spawn(process.execPath, [ENTRY, ...flags], { stdio: ['ignore', 'pipe', 'pipe'] })
}

function endOf(child: ChildProcess) {
  const said = { stdout: '', stderr: '' }
  child.stdout?.on('data', (chunk: Buffer) => (said.stdout += chunk.toString()))
  child.stderr?.on('data', (chunk: Buffer) => (said.stderr += chunk.toString()))
  const ended = new Promise<Ended>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code) => resolve({ code, ...said }))
  })
  return { ended, said }
}
