/** Where the page server tells what happens; a pino logger fits. */
export interface PageLogger {
  info(facts: object, message: string): void
  warn(facts: object, message: string): void
  error(facts: object, message: string): void
}
