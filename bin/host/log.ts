import { mkdirSync, openSync } from 'node:fs'
import { join } from 'node:path'
import { pino, type Logger } from 'pino'
import { codeOf, Fault, messageOf } from '../../protocols/rules/fault.ts'

/** A gateway's log: one JSON line for each event, in its data folder. */
export interface GatewayLog {
  info(facts: object, message: string): void
  warn(facts: object, message: string): void
  error(facts: object, message: string): void
  /** A line for the people at the terminal, too. */
  say(line: string): void
  /** Something was thrown where nobody waits for it. */
  fault(thrown: unknown, about?: string): void
  readonly logger: Logger
}

/** Lines that wait for the disk; more than these are let go. */
const WAITING_MOST_BYTES = 1024 * 1024

/** Opens `<dataDir>/gateway.log`; what is said goes there and to whoever stands by. */
export function gatewayLog(dataDir: string, say: (line: string) => void = () => undefined): GatewayLog {
  mkdirSync(dataDir, { recursive: true, mode: 0o700 })
  // Opened here: a process that ends before its log is open would end with a stack.
  const file = openSync(join(dataDir, 'gateway.log'), 'a', 0o600)
  const destination = pino.destination({ dest: file, sync: false, maxLength: WAITING_MOST_BYTES })
  // A disk that is full takes a gateway's log, not its life: the lines are written when there is room again.
  destination.on('error', () => undefined)
  const logger = pino({ base: null, timestamp: pino.stdTimeFunctions.isoTime }, destination)
  return {
    logger,
    say: (line) => {
      logger.info(line)
      say(line)
    },
    info: (facts, message) => logger.info(facts, message),
    warn: (facts, message) => logger.warn(facts, message),
    error: (facts, message) => logger.error(facts, message),
    fault: (thrown, about) => {
      const facts =
        thrown instanceof Fault ? thrown.facts : { stack: thrown instanceof Error ? thrown.stack : null }
      logger.error({ code: codeOf(thrown), about, ...facts }, messageOf(thrown))
    },
  }
}
