import { Fault } from '../../protocols/rules/fault.ts'
import { view as viewSchema, type View } from '../read-model.ts'
import type { PageLogger } from './logger.ts'

/** The view of one gateway as the JSON that pages get: checked, and stripped of what is not declared. */
export class CurrentView {
  readonly #source: () => View
  readonly #logger: PageLogger
  #value: View | null = null
  #json: string | null = null

  constructor(source: () => View, logger: PageLogger) {
    this.#source = source
    this.#logger = logger
  }

  /** Says that the source may tell something else now. */
  changed(): void {
    this.#value = null
    this.#json = null
  }

  /** The view. Throws Fault `view-invalid` naming the field when the source tells something undeclared. */
  value(): View {
    this.#value ??= this.#checked()
    return this.#value
  }

  /** The view as one line of JSON; throws as `value` does. */
  json(): string {
    this.#json ??= JSON.stringify(this.value())
    return this.#json
  }

  /** As `json`, but null after a logged fault: a stream goes on with the next view. */
  jsonOrNull(): string | null {
    try {
      return this.json()
    } catch (thrown) {
      this.#logger.error({ fault: String(thrown) }, 'the view cannot be shown')
      return null
    }
  }

  #checked(): View {
    const result = viewSchema.safeParse(this.#source())
    if (result.success) return result.data
    const issue = result.error.issues[0]
    const field = issue?.path.join('.') ?? ''
    throw new Fault('view-invalid', `the view's ${field}: ${issue?.message ?? 'invalid'}`, {
      field,
      expected: issue?.message ?? 'a valid view',
      fix: 'report it with the log of this gateway',
    })
  }
}
