import { codeOf, messageOf } from '../../protocols/rules/fault.ts'

/** Ends the process with the outcome of a command: 0, 1 for a fault told in one line, 2 for wrong words. */
export async function ending(command: string, work: Promise<void>): Promise<never> {
  try {
    await work
    process.exit(0)
  } catch (thrown) {
    console.error(`${command}: ${messageOf(thrown)}`)
    process.exit(codeOf(thrown) === 'bad-field' ? 2 : 1)
  }
}

/** Resolves when somebody asks this process to stop. */
export function untilAskedToStop(): Promise<void> {
  return new Promise((resolve) => {
    process.once('SIGINT', () => resolve())
    process.once('SIGTERM', () => resolve())
  })
}
