/** What was tried, how it ended, and how long it took. */
interface Row {
  readonly what: string
  readonly ok: boolean
  readonly result: string
  readonly seconds: number
}

const WIDTHS = { what: 46, result: 54 } as const

/** Tries one thing after another and keeps how each ended. */
export class Table {
  readonly #rows: Row[] = []

  /** Runs a step; a throw fails it. Its answer is what the row says. */
  async row(what: string, step: () => Promise<string>): Promise<boolean> {
    const began = performance.now()
    const row = await step().then(
      (result) => ({ ok: true, result }),
      (thrown: unknown) => ({ ok: false, result: thrown instanceof Error ? thrown.message : String(thrown) }),
    )
    const seconds = (performance.now() - began) / 1_000
    this.#rows.push({ what, seconds, ...row })
    const mark = row.ok ? 'ok  ' : 'FAIL'
    const line = [what.padEnd(WIDTHS.what), row.result.padEnd(WIDTHS.result)].join('  ')
    process.stdout.write(`${mark}  ${line}  ${seconds.toFixed(1)} s\n`)
    return row.ok
  }

  /** Prints the count; the exit code. */
  end(): number {
    const failed = this.#rows.filter(({ ok }) => !ok).length
    process.stdout.write(`\n${this.#rows.length - failed} passed, ${failed} failed\n`)
    return failed === 0 ? 0 : 1
  }
}
